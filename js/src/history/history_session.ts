/** The list's model and its state, kept together. Knows no view. */
import type { AnyModel } from "@anywidget/types";
import { type DecodedStore, decodeListing, decodeStore } from "../protocol/history_decode";
import {
  HISTORY_VERSION,
  type Query,
  type SetDeed,
  type StoreDeed,
  type ToStore,
} from "../protocol/history_wire";
import { newId } from "../state/session";
import {
  EMPTY_HISTORY,
  type HistoryEvent,
  type HistoryState,
  reduceHistory,
  sameQuery,
} from "./history_state";

/** Milliseconds. */
const LIST_TIMEOUT = 3_000;
const COMMAND_TIMEOUT = 30_000;
const RETRY_PAUSE = 5_000;
const MOST_RETRIES = 4;
const SCROLL_PAUSE = 50;
const TYPING_PAUSE = 200;

export interface HistoryActions {
  /** Looks at places `first` up to, not including, `last`. */
  look(first: number, last: number): void;
  /** Changes what is searched for. */
  ask(part: Partial<Query>): void;
  refresh(): void;
  doSet(set: string, deed: SetDeed): void;
  doStore(deed: StoreDeed): void;
}

export interface HistorySession extends HistoryActions {
  readonly state: HistoryState;
  open(): void;
  close(): void;
}

export type HistoryModel = Pick<AnyModel<{ listing: unknown }>, "get" | "on" | "off" | "send">;

export function connectHistory(
  model: HistoryModel,
  changed: () => void,
  save: (name: string, data: Uint8Array) => void,
): HistorySession {
  const view = newId();
  const timers = new Set<ReturnType<typeof setTimeout>>();
  const counted = new Map<string, number>();
  let state = EMPTY_HISTORY;
  let retries = 0;
  let sight = { first: 0, last: 30 };
  let lookTimer: ReturnType<typeof setTimeout> | null = null;
  let listTimer: ReturnType<typeof setTimeout> | null = null;

  function apply(event: HistoryEvent): void {
    const next = reduceHistory(state, event);
    if (next === state) return;
    state = next;
    changed();
  }

  function send(message: ToStore): void {
    try {
      model.send(message);
    } catch {
      // A closed comm throws; the timers say that nothing answers.
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

  function list(): void {
    stop(lookTimer);
    if (listTimer === null) {
      listTimer = after(LIST_TIMEOUT, () => {
        listTimer = null;
        apply({ type: "silent" });
        // A running cell may have held it up, and a kernel that is gone is not asked for ever.
        retries += 1;
        if (retries <= MOST_RETRIES) after(RETRY_PAUSE * retries, list);
      });
    }
    send({ kind: "list", v: HISTORY_VERSION, view, ...sight, query: state.query });
  }

  function listSoon(pause: number): void {
    stop(lookTimer);
    lookTimer = after(pause, list);
  }

  function command(set: string | null, deed: SetDeed | StoreDeed): void {
    const id = newId();
    if (deed.do === "count_older") counted.set(id, deed.days);
    apply({ type: "sent", id, wish: { do: deed.do, set } });
    after(COMMAND_TIMEOUT, () => apply({ type: "late", id }));
    send({ kind: "do", v: HISTORY_VERSION, id, set, ...deed });
  }

  function receive(decoded: DecodedStore): void {
    switch (decoded.kind) {
      case "listing":
        stop(listTimer);
        listTimer = null;
        retries = 0;
        apply({ type: "listing", listing: decoded.listing, from: "message" });
        break;
      case "trouble":
        stop(listTimer);
        listTimer = null;
        apply({ type: "problem", text: decoded.text });
        break;
      case "file":
        // Two views of one model hear each other's answers.
        if (state.waiting.has(decoded.id)) save(decoded.name, decoded.data);
        break;
      case "ack":
        apply({ ...decoded, type: "ack", days: counted.get(decoded.id) ?? null });
    }
  }

  const onMessage = (content: unknown, buffers: readonly unknown[]): void =>
    receive(decodeStore(content, buffers ?? []));

  return {
    get state() {
      return state;
    },
    open() {
      model.on("msg:custom", onMessage);
      const saved = decodeListing(model.get("listing"));
      if (saved?.kind === "listing") {
        apply({ type: "listing", listing: saved.listing, from: "saved" });
      }
      list();
    },
    look(first, last) {
      if (first === sight.first && last === sight.last) return;
      sight = { first, last };
      listSoon(SCROLL_PAUSE);
    },
    ask(part) {
      const query = { ...state.query, ...part };
      if (sameQuery(query, state.query)) return;
      const typed = query.text !== state.query.text;
      sight = { first: 0, last: sight.last - sight.first };
      apply({ type: "query", query });
      listSoon(typed ? TYPING_PAUSE : 0);
    },
    refresh: list,
    doSet: command,
    doStore: (deed) => command(null, deed),
    close() {
      for (const timer of timers) clearTimeout(timer);
      model.off("msg:custom", onMessage);
      send({ kind: "bye", v: HISTORY_VERSION, view });
    },
  };
}
