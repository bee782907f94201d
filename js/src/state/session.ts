/**
 * Connect the anywidget model with the state: messages in both directions, and timeouts. Independent of the
 * views. Everything belongs to a session, because marimo evaluates a module once for all panels.
 */
import type { AnyModel } from "@anywidget/types";
import { type Decoded, decodeMessage, decodeSnapshot, type Order } from "../protocol/decode";
import { type Query, type ToKernel, type Update, WIRE_VERSION } from "../protocol/wire";
import type { Actions, Viewport } from "./actions";
import { newId, openConnection } from "./connection";
import { EMPTY, type Event, hasGap, type Origin, reduce, type State } from "./state";

/** Milliseconds. */
const HELLO_TIMEOUT = 3_000;
const COMMAND_TIMEOUT = 10_000;
const SAVE_TIMEOUT = 60_000;
const PLOTLY_TIMEOUT = 10_000;
const VIEWPORT_DELAY = 50;

export type PanelModel = Pick<AnyModel<{ snapshot: unknown }>, "get" | "on" | "off" | "send">;

export interface Session extends Actions {
  readonly state: State;
  /** Read the saved state and send `hello` to the kernel. There are no callbacks before this call. */
  open(): void;
  /** Request Plotly's gzipped bundle. Rejects when the kernel does not send it. */
  plotly(): Promise<Blob>;
  close(): void;
}

/** `save` gets the set's name and the gzipped CSV of its results. */
export function connect(
  model: PanelModel,
  changed: (state: State) => void,
  save: (name: string, gzip: Blob) => void,
): Session {
  const view = newId();
  const { send, after, stop, close } = openConnection<ToKernel>(model);
  const detailRows = new Set<number>();
  const files = new Map<string, Blob>();
  let state = EMPTY;
  let helloTimer: ReturnType<typeof setTimeout> | null = null;
  let viewportTimer: ReturnType<typeof setTimeout> | null = null;
  let viewport: Viewport | null = null;
  let queryNumber = 0;
  let refreshing = false;
  let plotlyRequests: ((gzip: Blob) => void)[] = [];

  function apply(event: Event): void {
    const next = reduce(state, event);
    if (next === state) return;
    state = next;
    changed(state);
  }

  /** Send one hello at a time: after a gap, each of several would be answered by a full update. */
  function hello(): void {
    if (helloTimer !== null) return;
    helloTimer = after(HELLO_TIMEOUT, () => {
      helloTimer = null;
      apply({ type: "disconnected" });
    });
    send({ kind: "hello", v: WIRE_VERSION, view });
    if (viewport !== null) sendViewport(viewport);
  }

  function sendViewport(at: Viewport): void {
    send({ kind: "look", v: WIRE_VERSION, view, ...at, asked: queryNumber });
  }

  function receive(decoded: Decoded | null, from: Origin): void {
    if (decoded === null) return;
    switch (decoded.kind) {
      case "problem":
        apply({ type: "problem", text: decoded.text });
        break;
      case "ack":
        apply({ type: "ack", ack: decoded.ack });
        saveFile(decoded.ack.id);
        break;
      case "file": {
        const { id, piece } = decoded;
        // Two views of one model receive each other's answers.
        if (state.commands.has(id)) files.set(id, new Blob([files.get(id) ?? "", piece]));
        break;
      }
      case "groups":
        apply({ type: "groups", groups: decoded.groups });
        break;
      case "timeline":
        apply({ type: "timeline", timeline: decoded.timeline });
        break;
      case "detail":
        // Two views of one model receive each other's answers.
        if (detailRows.has(decoded.detail.row)) apply({ type: "detail", detail: decoded.detail });
        break;
      case "drawings":
        apply({ type: "drawings", drawings: decoded.drawings });
        break;
      case "plotly":
        for (const resolve of plotlyRequests.splice(0)) resolve(decoded.gzip);
        break;
      case "update":
        receiveUpdate(decoded.update, decoded.statuses, from);
        for (const order of decoded.orders) receiveOrder(order);
    }
  }

  function saveFile(id: string): void {
    const gzip = files.get(id);
    if (gzip !== undefined) save(state.head?.name ?? "", gzip);
    files.delete(id);
  }

  /** Ignore the answer to an older query: the answer to the current one follows. */
  function receiveOrder({ view: of, asked, rows }: Order): void {
    if (of === view && asked === queryNumber) apply({ type: "query_answered", rows });
  }

  function receiveUpdate(update: Update, statuses: Uint8Array, from: Origin): void {
    const gap = from === "message" && hasGap(state, update);
    if (from === "message") detectDelivery(update);
    if (from === "message" && update.full) {
      stop(helloTimer);
      helloTimer = null;
    }
    apply({ type: "update", update, statuses, from, at: Date.now() });
    if (gap) hello();
  }

  /** Detect how updates arrive: pushed by the kernel, or only as answers to requests. */
  function detectDelivery(update: Update): void {
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
      // The front end emits this after a kernel restart: the new kernel does not know this view.
      model.on("comm_live_update", hello);
      readTrait("saved");
      hello();
    },
    setViewport(next) {
      if (viewport !== null && sameViewport(viewport, next)) return;
      if (!sameQuery(viewport?.query ?? null, next.query)) {
        queryNumber += 1;
        apply({ type: "query_sent" });
      }
      viewport = next;
      stop(viewportTimer);
      viewportTimer = after(VIEWPORT_DELAY, () => sendViewport(next));
    },
    detail(row) {
      detailRows.add(row);
      send({ kind: "detail", v: WIRE_VERSION, view, row });
    },
    circuits(row, first, columns) {
      apply({ type: "drawing_requested", row });
      send({ kind: "circuits", v: WIRE_VERSION, row, first, columns });
    },
    groups() {
      send({ kind: "groups", v: WIRE_VERSION });
    },
    command(action, rows) {
      const id = newId();
      apply({ type: "sent", id, do: action, rows });
      after(action === "save_results" ? SAVE_TIMEOUT : COMMAND_TIMEOUT, () =>
        apply({ type: "timed_out", id }),
      );
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
          plotlyRequests = plotlyRequests.filter((waiting) => waiting !== arrived);
          reject(new Error("the kernel did not send Plotly"));
        });
        const arrived = (gzip: Blob): void => {
          stop(timer);
          resolve(gzip);
        };
        plotlyRequests.push(arrived);
        send({ kind: "plotly", v: WIRE_VERSION });
      });
    },
    close() {
      close();
      model.off("msg:custom", onMessage);
      model.off("change:snapshot", onSnapshot);
      model.off("comm_live_update", hello);
      send({ kind: "bye", v: WIRE_VERSION, view });
    },
  };
}

function sameViewport(a: Viewport, b: Viewport): boolean {
  return (
    a.first === b.first &&
    a.last === b.last &&
    a.choice === b.choice &&
    a.sweep === b.sweep &&
    sameQuery(a.query, b.query)
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
