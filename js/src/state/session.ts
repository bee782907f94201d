/**
 * The model and the state, kept together: messages in, messages out, and the waiting between them.
 * Knows no view. Everything hangs on one session, because marimo evaluates a module once for all panels.
 */
import type { AnyModel } from "@anywidget/types";
import { type Decoded, decodeMessage, decodeSnapshot, type Order } from "../protocol/decode";
import { type Query, type ToKernel, type Update, WIRE_VERSION } from "../protocol/wire";
import type { Actions, Sight } from "./actions";
import { EMPTY, type Event, hasGap, type Origin, reduce, type State } from "./state";

/** Milliseconds. */
const HELLO_TIMEOUT = 3_000;
const COMMAND_TIMEOUT = 10_000;
const PLOTLY_TIMEOUT = 10_000;
const LOOK_PAUSE = 50;

export type PanelModel = Pick<AnyModel<{ snapshot: unknown }>, "get" | "on" | "off" | "send">;

export interface Session extends Actions {
  readonly state: State;
  /** Reads what was saved and greets the kernel. Nothing is called back before this. */
  open(): void;
  /** Plotly's gzipped bundle. Rejects when the kernel does not send it. */
  plotly(): Promise<DataView>;
  close(): void;
}

export function connect(model: PanelModel, changed: (state: State) => void): Session {
  const view = newId();
  const timers = new Set<ReturnType<typeof setTimeout>>();
  const asked = new Set<number>();
  let state = EMPTY;
  let helloTimer: ReturnType<typeof setTimeout> | null = null;
  let lookTimer: ReturnType<typeof setTimeout> | null = null;
  let sight: Sight | null = null;
  let asking = 0;
  let refreshing = false;
  let awaitedPlotly: ((gzip: DataView) => void)[] = [];

  function apply(event: Event): void {
    const next = reduce(state, event);
    if (next === state) return;
    state = next;
    changed(state);
  }

  function send(message: ToKernel): void {
    try {
      model.send(message);
    } catch {
      // A closed comm throws; to the reader that is a kernel which does not answer, and the timers say so.
    }
  }

  function after(ms: number, run: () => void): ReturnType<typeof setTimeout> {
    const timer = setTimeout(() => {
      timers.delete(timer);
      run();
    }, ms);
    timers.add(timer);
    return timer;
  }

  function stop(timer: ReturnType<typeof setTimeout> | null): void {
    if (timer === null) return;
    clearTimeout(timer);
    timers.delete(timer);
  }

  /** One hello at a time: a burst after a gap would only be answered by a burst of full updates. */
  function hello(): void {
    if (helloTimer !== null) return;
    helloTimer = after(HELLO_TIMEOUT, () => {
      helloTimer = null;
      apply({ type: "silent" });
    });
    send({ kind: "hello", v: WIRE_VERSION, view });
    if (sight !== null) sendLook(sight);
  }

  function sendLook(at: Sight): void {
    send({ kind: "look", v: WIRE_VERSION, view, ...at, asked: asking });
  }

  function receive(decoded: Decoded | null, from: Origin): void {
    if (decoded === null) return;
    switch (decoded.kind) {
      case "problem":
        apply({ type: "problem", text: decoded.text });
        break;
      case "ack":
        apply({ type: "ack", ack: decoded.ack });
        break;
      case "groups":
        apply({ type: "groups", groups: decoded.groups });
        break;
      case "timeline":
        apply({ type: "timeline", timeline: decoded.timeline });
        break;
      case "detail":
        // Two views of one model hear each other's answers.
        if (asked.has(decoded.detail.row)) apply({ type: "detail", detail: decoded.detail });
        break;
      case "drawings":
        apply({ type: "drawings", drawings: decoded.drawings });
        break;
      case "plotly":
        for (const resolve of awaitedPlotly.splice(0)) resolve(decoded.gzip);
        break;
      case "update":
        receiveUpdate(decoded.update, decoded.statuses, from);
        for (const order of decoded.orders) receiveOrder(order);
    }
  }

  /** An answer to an older query is late: the newer one's is on its way. */
  function receiveOrder({ view: of, asked, rows }: Order): void {
    if (of === view && asked === asking) apply({ type: "order", rows });
  }

  function receiveUpdate(update: Update, statuses: Uint8Array, from: Origin): void {
    const gap = from === "message" && hasGap(state, update);
    if (from === "message") noteDelivery(update);
    if (from === "message" && update.full) {
      stop(helloTimer);
      helloTimer = null;
    }
    apply({ type: "update", update, statuses, from, at: Date.now() });
    if (gap) hello();
  }

  /** What the kernel said while nobody asked, and what only an answer tells of, show how updates come. */
  function noteDelivery(update: Update): void {
    if (!update.full) apply({ type: "pushed", pushed: true });
    else if (refreshing && update.seq > state.seq + 1) apply({ type: "pushed", pushed: false });
    if (update.full) refreshing = false;
  }

  const onMessage = (content: unknown, buffers: readonly unknown[]): void =>
    receive(decodeMessage(content, buffers ?? []), "message");
  const readTrait = (from: Origin): void => receive(decodeSnapshot(model.get("snapshot")), from);
  const onSnapshot = (): void => readTrait("trait");

  return {
    get state() {
      return state;
    },
    open() {
      model.on("msg:custom", onMessage);
      model.on("change:snapshot", onSnapshot);
      // The front end says so where the kernel was restarted: what it knew of the panel is gone.
      model.on("comm_live_update", hello);
      readTrait("saved");
      hello();
    },
    look(next) {
      if (sight !== null && sameSight(sight, next)) return;
      if (!sameQuery(sight?.query ?? null, next.query)) {
        asking += 1;
        apply({ type: "ordering" });
      }
      sight = next;
      stop(lookTimer);
      lookTimer = after(LOOK_PAUSE, () => sendLook(next));
    },
    detail(row) {
      asked.add(row);
      send({ kind: "detail", v: WIRE_VERSION, view, row });
    },
    circuits(row, first, columns) {
      apply({ type: "drawing", row });
      send({ kind: "circuits", v: WIRE_VERSION, row, first, columns });
    },
    groups() {
      send({ kind: "groups", v: WIRE_VERSION });
    },
    command(action, rows) {
      const id = newId();
      apply({ type: "sent", id, do: action, rows });
      after(COMMAND_TIMEOUT, () => apply({ type: "late", id }));
      send({
        kind: "command",
        v: WIRE_VERSION,
        id,
        do: action,
        rows: rows === null ? null : [...rows],
      });
    },
    refresh() {
      refreshing = true;
      apply({ type: "refreshing" });
      hello();
    },
    dismiss() {
      apply({ type: "dismissed" });
    },
    plotly() {
      return new Promise((resolve, reject) => {
        const timer = after(PLOTLY_TIMEOUT, () => {
          awaitedPlotly = awaitedPlotly.filter((waiting) => waiting !== arrived);
          reject(new Error("the kernel did not send Plotly"));
        });
        const arrived = (gzip: DataView): void => {
          stop(timer);
          resolve(gzip);
        };
        awaitedPlotly.push(arrived);
        send({ kind: "plotly", v: WIRE_VERSION });
      });
    },
    close() {
      for (const timer of timers) clearTimeout(timer);
      model.off("msg:custom", onMessage);
      model.off("change:snapshot", onSnapshot);
      model.off("comm_live_update", hello);
      send({ kind: "bye", v: WIRE_VERSION, view });
    },
  };
}

function sameSight(a: Sight, b: Sight): boolean {
  return (
    a.first === b.first && a.last === b.last && a.choice === b.choice && sameQuery(a.query, b.query)
  );
}

function sameQuery(a: Query | null, b: Query | null): boolean {
  if (a === null || b === null) return a === b;
  return (
    a.text === b.text &&
    a.sort === b.sort &&
    a.down === b.down &&
    `${a.statuses}` === `${b.statuses}`
  );
}

/** `crypto.randomUUID` is missing on pages without TLS, which is how many hubs are reached. */
export function newId(): string {
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
