/** Messages about counts, sweeps, groups of circuits and the timeline. */

/** Which circuits to count, and which of their bits. A circuit has to match all fields that are not null. */
export interface Choice {
  /** The index of one circuit. */
  circuit: number | null;
  /** Circuits of this name. */
  name: string | null;
  /** Circuits whose metadata has this value at this key. */
  metadata: [key: string, value: string] | null;
  /** Only this classical register. */
  register: string | null;
  /** Only these bits, ascending; bit 0 is the rightmost of the register or of all. */
  bits: number[] | null;
  /** Maximum number of outcomes. */
  top: number;
}

/** The choice of a new view, and of a saved notebook. */
export const DEFAULT_CHOICE: Choice = {
  circuit: null,
  name: null,
  metadata: null,
  register: null,
  bits: null,
  top: 64,
};

export interface Histogram {
  choice: Choice;
  /** Number of jobs in the sum, and of all jobs that hold these circuits. */
  jobs: number;
  of: number;
  shots: number;
  /** The `top` most frequent or most expected bit strings, qubit 0 rightmost, sorted as text. */
  keys: string[];
  counts: number[];
  rest: { outcomes: number; shots: number };
  /**
   * Only with expected results: probabilities of the keys, and over all outcomes the Hellinger fidelity and the
   * total variation distance.
   */
  expected: { values: number[]; rest: number; fidelity: number; distance: number } | null;
  /** Notes for the reader, a sentence each. */
  notes: string[];
  /** Of a set of expectation values, in place of bars: the first of them, a line a circuit. */
  estimates?: string[] | null;
}

/** What a sweep shows; null for the kernel's default. */
export interface Axes {
  /** A coordinate, or the two of a heat map. */
  x: string[] | null;
  y: string[] | null;
}

export const DEFAULT_AXES: Axes = { x: null, y: null };

/** One line over ascending `x`. Null where no result is there yet. */
export interface Series {
  /** Empty for the only one. */
  name: string;
  x: number[];
  y: (number | null)[];
  /** The interval of each point. */
  low: (number | null)[];
  high: (number | null)[];
  /** Whether a line joins the points. */
  joined: boolean;
  /** Whether it is what the user expects. */
  expected: boolean;
}

export interface Grid {
  x: number[];
  y: number[];
  /** One list a row; null where no result is there yet. */
  values: (number | null)[][];
}

/** A quantity of each point over its coordinates. */
export interface Sweep {
  axes: Axes;
  /** The coordinates and quantities that are shown; no quantities before the first result. */
  x: string[];
  y: string[];
  /** All that may be shown, with labels; the default first. */
  xs: [names: string[], label: string][];
  ys: [name: string, label: string][];
  /** Of the horizontal and vertical axis, and of the colours of a heat map. */
  labels: string[];
  caption: string;
  /** Whether the quantity is a share, from 0 to 1. */
  shares: boolean;
  /** The least and the greatest horizontal coordinate of all points, also of those without a result. */
  ends: [number, number];
  series: Series[];
  grid: Grid | null;
  notes: string[];
}

/** Groups of circuits: the first ones, and the number of all groups. */
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
export type Attempt = [
  job: number,
  attempt: number,
  sent: number,
  running: number | null,
  ended: number | null,
  status: number,
];

export type ExecutionSpan = [job: number, start: number, stop: number];

/** When jobs waited and ran: each attempt of each job, or, for many jobs, their numbers at each time. */
export interface Timeline {
  kind: "timeline";
  v: number;
  jobs: number;
  bars: Attempt[] | null;
  /** When the processor executed jobs, in milliseconds since 1970 UTC; null where no provider reports it. */
  spans: ExecutionSpan[] | null;
  steps: { at: number[]; waiting: number[]; running: number[] } | null;
}

export function axesKey({ x, y }: Axes): string {
  return JSON.stringify([x, y]);
}

/** A key that is equal for equal choices. */
export function choiceKey(choice: Choice): string {
  const { circuit, name, metadata, register, bits, top } = choice;
  return JSON.stringify([circuit, name, metadata, register, bits, top]);
}
