/** The history list's state and how events change it. Pure. */
import { NO_ANSWER } from "./state";
import { plainLine } from "./text";

export interface StoredSet {
  readonly id: string;
  readonly name: string;
  readonly backend: string;
  readonly circuits: number;
  readonly jobs: number;
  /** How it stood when last written, in words. */
  readonly line: string;
  /** Milliseconds since 1970 UTC. */
  readonly created: number;
  /** Known to this kernel already. */
  readonly open: boolean;
}

export interface Said {
  readonly ok: boolean;
  readonly text: string;
}

export interface HistoryState {
  readonly sets: readonly StoredSet[];
  /** Ids whose retrieval was asked for and not answered. */
  readonly waiting: ReadonlySet<string>;
  /** What to say below a set. */
  readonly said: ReadonlyMap<string, Said>;
  readonly problem: string | null;
}

export const EMPTY_HISTORY: HistoryState = {
  sets: [],
  waiting: new Set(),
  said: new Map(),
  problem: null,
};

export type HistoryEvent =
  | { type: "sets"; sets: readonly StoredSet[] }
  | { type: "sent"; id: string }
  | { type: "late"; id: string }
  | { type: "ack"; id: string; ok: boolean; text: string }
  | { type: "problem"; text: string };

export function reduceHistory(state: HistoryState, event: HistoryEvent): HistoryState {
  switch (event.type) {
    case "sets":
      return { ...state, sets: event.sets, problem: null };
    case "problem":
      return { ...state, problem: event.text };
    case "sent":
      return {
        ...state,
        waiting: new Set(state.waiting).add(event.id),
        said: without(state.said, event.id),
      };
    case "late":
      return state.waiting.has(event.id)
        ? answered(state, event.id, { ok: false, text: NO_ANSWER })
        : state;
    case "ack":
      return answered(state, event.id, {
        ok: event.ok,
        text: event.text || (event.ok ? "" : "The kernel refused."),
      });
  }
}

function answered(state: HistoryState, id: string, answer: Said): HistoryState {
  const waiting = new Set(state.waiting);
  waiting.delete(id);
  return { ...state, waiting, said: new Map(state.said).set(id, answer) };
}

function without(said: ReadonlyMap<string, Said>, id: string): ReadonlyMap<string, Said> {
  const left = new Map(said);
  left.delete(id);
  return left;
}

/** The trait `sets`, newest first. An entry without an id cannot be retrieved and is left out. */
export function readSets(value: unknown): StoredSet[] {
  if (!Array.isArray(value)) return [];
  const text = (field: unknown) => (typeof field === "string" ? plainLine(field, 200) : "");
  // Within what a Date can hold.
  const number = (field: unknown) =>
    Number.isFinite(field) ? Math.min(Math.max(Number(field), 0), 8.64e15) : 0;
  return value
    .filter((entry) => typeof entry?.id === "string")
    .map((entry) => ({
      id: entry.id,
      name: text(entry.name),
      backend: text(entry.backend),
      circuits: number(entry.circuits),
      jobs: number(entry.jobs),
      line: text(entry.line),
      created: number(entry.created),
      open: entry.open === true,
    }))
    .sort((a, b) => b.created - a.created);
}
