/**
 * The wire between the kernel and the page, written down once.
 *
 * Python builds these shapes in `qjm_widgets/widgets/wire.py`; both sides are checked against the
 * recorded session in `tests/fixtures/wire/`. Every text comes from elsewhere and is text, never HTML.
 *
 * Kernel -> page: the trait `snapshot` (a full Update, `statuses` inside it as bytes; what a reload, a
 * late view and a saved notebook need) and custom messages (FromKernel; binary parts as buffers).
 * An Update says the whole state of every job in one byte a job (or nothing, where no job has changed
 * since the one before), so a lost message is repaired by the
 * next one; row details are only sent for rows that a view looks at, and a gap in `seq` asks for them
 * again by `hello`.
 */
import type { Choice, Groups, Histogram, Timeline } from "./wire_charts";

export * from "./wire_charts";

export const WIRE_VERSION = 1;

/** A status byte is an index into this list, plus CANCEL_REQUESTED when a cancellation is under way, plus
 * UNRETRYABLE when the job can never be sent again, or FLAWED when it is done and some of its circuits failed. */
export const STATUSES = [
  "not_sent",
  "sending",
  "held",
  "queued",
  "running",
  "done",
  "error",
  "cancelled",
] as const;
export type Status = (typeof STATUSES)[number];
export const STATUS_MASK = 0x0f;
export const CANCEL_REQUESTED = 0x10;
export const FLAWED = 0x40;
export const UNRETRYABLE = 0x20;

/** `[first circuit, circuits a job, shot pieces a span, spans]`: how rows map to spans, run-length coded.
 * Rows run through the spans in order, and within a span through its pieces. */
export type Run = [start: number, size: number, pieces: number, spans: number];

export interface Head {
  /** 32 hex digits. */
  id: string;
  name: string;
  backend: string;
  circuits: number;
  /** Fewest and most shots of a circuit. */
  shots: [number, number];
  /** The bold start of the waiting line: "6 of 10 done". */
  lead: string;
  /** Its rest, a sentence or more: "1 failed, 1 running, 2 not sent". May be empty. */
  line: string;
  /** Nothing is left that the engine can do by itself. */
  settled: boolean;
  /** The kernel's clock, milliseconds since 1970 UTC: times are shown relative to it. */
  now: number;
  /** How many rows each button would act on, and what the set as a whole can do now. */
  can: {
    cancel: number;
    retry: number;
    retry_held: number;
    pause: boolean;
    proceed: boolean;
    resume: boolean;
  };
  /** What submission waits for ("3 of 20 submitted"), and until when (milliseconds since 1970 UTC), where
   * that is known: the page counts down "next submission in 12 s". */
  waiting: { text: string; until: number | null } | null;
  /** Who drives the set, where it is not this kernel: "another kernel (process 12 on host)". */
  owner: string | null;
  /** When the last job will probably have ended, milliseconds since 1970 UTC; null where nobody can tell. */
  ends: number | null;
  /** From the first submission to the end of the last job, milliseconds; null until all are over. */
  took: number | null;
  /** Quantum processor time of all jobs, milliseconds; null where the backend tells none. */
  qpu: number | null;
  /** Which of the columns that not every backend fills say something of any job. */
  columns: OptionalColumn[];
  /** Asking for jobs fails since the backend answered last (milliseconds since 1970 UTC), and why. */
  stale: { since: number; text: string } | null;
  /** The page explains what it shows. */
  teaching: boolean;
}

export const OPTIONAL_COLUMNS = ["queue", "attempts", "qpu", "id"] as const;
export type OptionalColumn = (typeof OPTIONAL_COLUMNS)[number];

/** One job, for a row in sight; what would be null or false is left out. Times are milliseconds since 1970 UTC, durations milliseconds. */
export interface Row {
  i: number;
  start: number;
  stop: number;
  piece: number;
  pieces: number;
  status: Status;
  cancelRequested: boolean;
  attempt: number;
  jobId: string | null;
  /** The place in the backend's queue, from 1; null where nobody tells. */
  queue: number | null;
  /** Quantum processor time, milliseconds; null where nobody tells. */
  qpu: number | null;
  /** When the job came into its status. */
  since: number | null;
  /** From sending to running, or to the end where running was never seen. Null before it is sent. */
  waited: number | null;
  ran: number | null;
  /** One short line: the error's first line, or what is going on. */
  note: string;
  can: RowAction[];
}

export interface Update {
  kind: "update";
  v: number;
  seq: number;
  /** True in the answer to `hello` and in the trait: replaces everything the page knows. */
  full: boolean;
  head: Head;
  /** Present when full, and when the layout changed. */
  runs?: Run[];
  rows?: Row[];
  histograms?: Histogram[];
  /** Answers to queries of views; the rows of each chosen order are the next buffer after the statuses:
   * row numbers, four bytes each, little-endian. */
  orders?: { view: string; asked: number; chosen: boolean }[];
  /** Only in the trait; in messages it is the first buffer. */
  statuses?: DataView;
}

/** A job's drawer. `history` lines are ready to show. */
export interface Detail {
  kind: "detail";
  v: number;
  row: number;
  title: string;
  error: string | null;
  history: string[];
}

/** Some of a job's circuits, drawn as text; `first` is the place in the job of the first of them, `of` how
 * many the job has. */
export interface Drawings {
  kind: "drawings";
  v: number;
  row: number;
  first: number;
  of: number;
  drawings: Drawing[];
  /** Why there are none. */
  problem: string | null;
}

export interface Drawing {
  circuit: number;
  name: string;
  /** "4 qubits · 12 instructions · depth 5". */
  facts: string;
  text: string;
}

/** The answer to a command: the wish was recorded (the next Update shows it) or refused with a reason. */
export interface Ack {
  kind: "ack";
  v: number;
  id: string;
  ok: boolean;
  text: string;
}

/** Plotly's basic build, gzipped, as the first buffer. */
export interface PlotlyBundle {
  kind: "plotly";
  v: number;
}

export type FromKernel = Update | Detail | Drawings | Ack | Groups | Timeline | PlotlyBundle;

/** By what rows can be sorted. */
export type SortKey =
  | "job"
  | "status"
  | "note"
  | "queue"
  | "since"
  | "waited"
  | "ran"
  | "attempt"
  | "qpu"
  | "id";

/** Which rows a view shows, and in which order. The kernel answers it with row numbers, and again whenever
 * they change: the page has only the rows in sight. */
export interface Query {
  /** Part of an id or error, circuits ("17", "100-199") or a job ("job 3"); "" for all. */
  text: string;
  /** Only rows in one of these; empty for all. */
  statuses: Status[];
  sort: SortKey;
  down: boolean;
}

/** What can be done with one row, or with all rows that it fits. */
export type RowAction = "cancel" | "retry" | "retry_held";
/** The others are about the set as a whole: their `rows` is null. */
export type Action = RowAction | "pause" | "proceed" | "resume";

/**
 * Page -> kernel. A view looks at places `first` up to, not including, `last` of its query's answer, or of
 * all rows where it has no query; `asked` numbers the view's queries. `view` names one view of the panel:
 * two views of one model have two windows.
 */
export type ToKernel =
  | { kind: "hello"; v: number; view: string }
  | {
      kind: "look";
      v: number;
      view: string;
      first: number;
      last: number;
      /** Null: the timeline is in sight instead of counts. */
      choice: Choice | null;
      query: Query | null;
      asked: number;
    }
  | { kind: "groups"; v: number }
  | { kind: "detail"; v: number; view: string; row: number }
  | { kind: "circuits"; v: number; row: number; first: number; columns: number }
  | { kind: "command"; v: number; id: string; do: Action; rows: number[] | null }
  | { kind: "plotly"; v: number }
  | { kind: "bye"; v: number; view: string };
