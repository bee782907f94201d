/** The history's state and how events change it. Pure. */
import type { Listing, Query, SetDeed, StoreDeed, StoredSet } from "../protocol/history_wire";
import { NO_ANSWER, REFUSED } from "../state/state";

export type Deed = (SetDeed | StoreDeed)["do"];

/** A command on its way; about one set, or about the store (null). */
export interface Wish {
  readonly do: Deed;
  readonly set: string | null;
}

export interface Said {
  readonly ok: boolean;
  readonly text: string;
}

export interface HistoryState {
  /** What the kernel listed last; null before it has. */
  readonly listing: Listing | null;
  readonly query: Query;
  readonly connection: "unknown" | "connected" | "silent";
  /** What was asked for and not answered, by command. */
  readonly waiting: ReadonlyMap<string, Wish>;
  /** What to say below a set, and (null) about the store. */
  readonly said: ReadonlyMap<string | null, Said>;
  /** The set that was refused something last: its drawer opens, to say what. */
  readonly refused: string | null;
  /** How many sets pruning would delete, and of which age it was asked. */
  readonly older: { readonly days: number; readonly sets: number } | null;
  readonly problem: string | null;
}

export const NO_QUERY: Query = { text: "", state: "", backend: "", tag: "" };

const ABOVE: ReadonlySet<Deed> = new Set(["open", "close", "resume", "delete", "prune"]);

export const EMPTY_HISTORY: HistoryState = {
  listing: null,
  query: NO_QUERY,
  connection: "unknown",
  waiting: new Map(),
  said: new Map(),
  refused: null,
  older: null,
  problem: null,
};

export type HistoryEvent =
  | { type: "listing"; listing: Listing; from: "saved" | "message" }
  | { type: "query"; query: Query }
  | { type: "sent"; id: string; wish: Wish }
  | { type: "late"; id: string }
  | { type: "ack"; id: string; ok: boolean; text: string; days: number | null }
  | { type: "silent" }
  | { type: "problem"; text: string };

export function reduceHistory(state: HistoryState, event: HistoryEvent): HistoryState {
  switch (event.type) {
    case "listing":
      return listed(state, event.listing, event.from);
    case "query":
      return { ...state, query: event.query };
    case "silent":
      return { ...state, connection: "silent" };
    case "problem":
      return { ...state, problem: event.text };
    case "sent":
      return {
        ...state,
        waiting: new Map(state.waiting).set(event.id, event.wish),
        said: without(without(state.said, null), event.wish.set),
        refused: null,
      };
    case "late":
      return answered(state, event.id, { ok: false, text: NO_ANSWER });
    case "ack":
      return acknowledged(state, event);
  }
}

function listed(state: HistoryState, listing: Listing, from: "saved" | "message"): HistoryState {
  if (from === "saved") return state.listing === null ? { ...state, listing } : state;
  const next: HistoryState = { ...state, connection: "connected", problem: null };
  // The answer to what was asked before: that to the newer question is on its way.
  return sameQuery(listing.query, state.query) ? { ...next, listing } : next;
}

function acknowledged(
  state: HistoryState,
  { id, ok, text, days }: HistoryEvent & { type: "ack" },
): HistoryState {
  const wish = state.waiting.get(id);
  if (wish === undefined) return state;
  if (wish.do === "count_older" && ok) {
    const older = days === null ? null : { days, sets: Number(text) };
    return { ...state, waiting: without(state.waiting, id), older };
  }
  const next = answered(state, id, { ok, text: text || (ok ? "" : REFUSED) });
  return wish.do === "prune" ? { ...next, older: null } : next;
}

function answered(state: HistoryState, id: string, answer: Said): HistoryState {
  const wish = state.waiting.get(id);
  if (wish === undefined) return state;
  // What went well with a set whose drawer may be shut, or which is gone, is said above the list.
  const about = answer.ok && ABOVE.has(wish.do) ? null : wish.set;
  return {
    ...state,
    waiting: without(state.waiting, id),
    said: new Map(state.said).set(about, answer),
    refused: answer.ok ? state.refused : wish.set,
  };
}

function without<K, T>(all: ReadonlyMap<K, T>, key: K): ReadonlyMap<K, T> {
  const left = new Map(all);
  left.delete(key);
  return left;
}

export function sameQuery(a: Query, b: Query): boolean {
  return a.text === b.text && a.state === b.state && a.backend === b.backend && a.tag === b.tag;
}

export function isNoQuery(query: Query): boolean {
  return sameQuery(query, NO_QUERY);
}

/** The set at a place among those that match, if the kernel sent it. */
export function setAt({ listing }: HistoryState, place: number): StoredSet | undefined {
  return listing?.sets[place - listing.first];
}

/** Whether something is on its way for a set, or for the store (null). */
export function isWaiting(state: HistoryState, set: string | null, deed?: Deed): boolean {
  return [...state.waiting.values()].some(
    (wish) => wish.set === set && (deed === undefined || wish.do === deed),
  );
}
