/** The state of the list and its reducer. Pure. */
import type { Line, Listing, Query, SetCommand, StoreCommand } from "../protocol/history_wire";
import { NO_ANSWER, REFUSED } from "../state/state";

export type CommandName = (SetCommand | StoreCommand)["do"];

/** A command that is not answered yet; `set` is an id or the key of a group, null for commands to the store. */
export interface PendingCommand {
  readonly do: CommandName;
  readonly set: string | null;
}

export interface Answer {
  readonly ok: boolean;
  readonly text: string;
}

export interface HistoryState {
  /** The last listing from the kernel; null before the first. */
  readonly listing: Listing | null;
  readonly query: Query;
  /** The groups whose sets are listed. */
  readonly unfolded: readonly string[];
  readonly connection: "connecting" | "connected" | "disconnected";
  /** Commands that are not answered yet, by id. */
  readonly waiting: ReadonlyMap<string, PendingCommand>;
  /** The last answer for each set, and (null) for the store. */
  readonly answers: ReadonlyMap<string | null, Answer>;
  /** The set whose last command was refused: its drawer opens and shows why. */
  readonly refused: string | null;
  /** How many sets pruning would delete at this age. */
  readonly older: { readonly days: number; readonly sets: number } | null;
  readonly problem: string | null;
}

export const NO_QUERY: Query = { text: "", state: "", backend: "", tag: "" };

const SHOWN_ABOVE_LIST: ReadonlySet<CommandName> = new Set([
  "open",
  "close",
  "resume",
  "delete",
  "prune",
]);

export const EMPTY_HISTORY: HistoryState = {
  listing: null,
  query: NO_QUERY,
  unfolded: [],
  connection: "connecting",
  waiting: new Map(),
  answers: new Map(),
  refused: null,
  older: null,
  problem: null,
};

export type HistoryEvent =
  | { type: "listing"; listing: Listing; from: "saved" | "message" }
  | { type: "query"; query: Query }
  | { type: "fold"; group: string }
  | { type: "sent"; id: string; command: PendingCommand }
  | { type: "timed_out"; id: string }
  | { type: "ack"; id: string; ok: boolean; text: string; days: number | null }
  | { type: "disconnected" }
  | { type: "problem"; text: string };

export function reduceHistory(state: HistoryState, event: HistoryEvent): HistoryState {
  switch (event.type) {
    case "listing":
      return listed(state, event.listing, event.from);
    case "query":
      return { ...state, query: event.query };
    case "fold": {
      const others = state.unfolded.filter((name) => name !== event.group);
      const unfolded = others.length < state.unfolded.length ? others : [...others, event.group];
      return { ...state, unfolded };
    }
    case "disconnected":
      return { ...state, connection: "disconnected" };
    case "problem":
      return { ...state, problem: event.text };
    case "sent":
      return {
        ...state,
        waiting: new Map(state.waiting).set(event.id, event.command),
        answers: without(without(state.answers, null), event.command.set),
        refused: null,
      };
    case "timed_out":
      return answered(state, event.id, { ok: false, text: NO_ANSWER });
    case "ack":
      return acknowledged(state, event);
  }
}

function listed(state: HistoryState, listing: Listing, from: "saved" | "message"): HistoryState {
  if (from === "saved") return state.listing === null ? { ...state, listing } : state;
  const next: HistoryState = { ...state, connection: "connected", problem: null };
  // Ignore the answer to an older query: the answer to the current one follows.
  return sameQuery(listing.query, state.query) ? { ...next, listing } : next;
}

function acknowledged(
  state: HistoryState,
  { id, ok, text, days }: HistoryEvent & { type: "ack" },
): HistoryState {
  const command = state.waiting.get(id);
  if (command === undefined) return state;
  if (command.do === "count_older" && ok) {
    const older = days === null ? null : { days, sets: Number(text) };
    return { ...state, waiting: without(state.waiting, id), older };
  }
  const next = answered(state, id, { ok, text: text || (ok ? "" : REFUSED) });
  return command.do === "prune" ? { ...next, older: null } : next;
}

function answered(state: HistoryState, id: string, answer: Answer): HistoryState {
  const command = state.waiting.get(id);
  if (command === undefined) return state;
  // Show a success above the list where the set may be closed or deleted.
  const about = answer.ok && SHOWN_ABOVE_LIST.has(command.do) ? null : command.set;
  return {
    ...state,
    waiting: without(state.waiting, id),
    answers: new Map(state.answers).set(about, answer),
    refused: answer.ok ? state.refused : command.set,
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

/** The set or group at a position of the list, if the kernel has sent it. */
export function lineAt({ listing }: HistoryState, position: number): Line | undefined {
  return listing?.sets[position - listing.first];
}

/** The id of a set, or the key of a group among them. */
export function keyOf(line: Line): string {
  return "group" in line ? groupKey(line.group) : line.id;
}

export function groupKey(group: string): string {
  return `group ${group}`;
}

/** Whether a command to a set, or to the store (null), is not answered yet. */
export function isPending(state: HistoryState, set: string | null, name?: CommandName): boolean {
  return [...state.waiting.values()].some(
    (command) => command.set === set && (name === undefined || command.do === name),
  );
}
