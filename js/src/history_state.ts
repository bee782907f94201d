/** The history list's state and how events change it. Pure. */
import { NO_ANSWER, REFUSED } from "./state";
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
  /** Jobs are left to do and nobody drives the set: it can be resumed. */
  readonly interrupted: boolean;
  /** What else is to be known, in a few words: "driven by another kernel". May be empty. */
  readonly note: string;
}

export type SetAction = "retrieve" | "resume";

/** A click on its way. `number` tells it from an earlier one for the same set. */
export interface Wish {
  readonly do: SetAction;
  readonly number: number;
}

export interface Said {
  readonly ok: boolean;
  readonly text: string;
}

export interface HistoryState {
  readonly sets: readonly StoredSet[];
  /** What was asked for and not answered, by id. */
  readonly waiting: ReadonlyMap<string, Wish>;
  /** What to say below a set. */
  readonly said: ReadonlyMap<string, Said>;
  readonly problem: string | null;
}

export const EMPTY_HISTORY: HistoryState = {
  sets: [],
  waiting: new Map(),
  said: new Map(),
  problem: null,
};

export type HistoryEvent =
  | { type: "sets"; sets: readonly StoredSet[] }
  | { type: "sent"; id: string; wish: Wish }
  | { type: "late"; id: string; wish: Wish }
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
        waiting: new Map(state.waiting).set(event.id, event.wish),
        said: without(state.said, event.id),
      };
    case "late":
      return state.waiting.get(event.id)?.number === event.wish.number
        ? answered(state, event.id, { ok: false, text: NO_ANSWER })
        : state;
    case "ack":
      return answered(state, event.id, {
        ok: event.ok,
        text: event.text || (event.ok ? "" : REFUSED),
      });
  }
}

function answered(state: HistoryState, id: string, answer: Said): HistoryState {
  return {
    ...state,
    waiting: without(state.waiting, id),
    said: new Map(state.said).set(id, answer),
  };
}

function without<T>(all: ReadonlyMap<string, T>, id: string): ReadonlyMap<string, T> {
  const left = new Map(all);
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
      interrupted: entry.interrupted === true,
      note: text(entry.note),
    }))
    .sort((a, b) => b.created - a.created);
}
