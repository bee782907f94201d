/** The part of the wire that is about the pictures: counts, their groups, and the timeline. */

/** Whose counts, and which of their bits: everything that is named has to fit, all null is all. */
export interface Choice {
  /** The index of one circuit. */
  circuit: number | null;
  /** Circuits of this name. */
  name: string | null;
  /** Circuits whose metadata has this value at this key. */
  metadata: [key: string, value: string] | null;
  /** One classical register alone. */
  register: string | null;
  /** These bits alone, ascending; bit 0 is the rightmost of the register or of all. */
  bits: number[] | null;
  /** At most so many outcomes. */
  top: number;
}

/** What a page looks at first, and a saved notebook keeps. */
export const FIRST_CHOICE: Choice = {
  circuit: null,
  name: null,
  metadata: null,
  register: null,
  bits: null,
  top: 64,
};

export interface Histogram {
  choice: Choice;
  /** Jobs whose counts are in it, of the jobs that will be. */
  jobs: number;
  of: number;
  shots: number;
  /** Bit strings, qubit 0 rightmost: the `top` of them that are most frequent (or most expected), sorted
   * as text. */
  keys: string[];
  counts: number[];
  rest: { outcomes: number; shots: number };
  /** Where something was expected: probabilities beside the keys, and over all outcomes the Hellinger
   * fidelity and the total variation distance. */
  expected: { values: number[]; rest: number; fidelity: number; distance: number } | null;
  /** What the reader should know of it, a sentence each. */
  notes: string[];
}

/** Circuits alike; the first of very many, `of` how many there are. */
export interface Grouping {
  groups: [label: string, circuits: number][];
  of: number;
}

/** The answer to `groups`. */
export interface Groups {
  kind: "groups";
  v: number;
  names: Grouping;
  metadata: (Grouping & { key: string })[];
  /** Classical registers of finished circuits. */
  registers: string[];
}

/** One attempt of one job: `[job, attempt, sent, running, ended, status]`, times in milliseconds since
 * 1970 UTC, null where that has not happened; the status is an index into STATUSES. */
export type Try = [
  job: number,
  attempt: number,
  sent: number,
  running: number | null,
  ended: number | null,
  status: number,
];

/** When jobs waited and ran: every attempt of each job, or of very many jobs how many from which time. */
export interface Timeline {
  kind: "timeline";
  v: number;
  jobs: number;
  bars: Try[] | null;
  steps: { at: number[]; waiting: number[]; running: number[] } | null;
}

/** Choices are the same where this is. */
export function choiceKey(choice: Choice): string {
  const { circuit, name, metadata, register, bits, top } = choice;
  return JSON.stringify([circuit, name, metadata, register, bits, top]);
}
