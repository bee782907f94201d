/**
 * Messages between the kernel and the page.
 *
 * Python builds them in `qjm_widgets/widgets/wire.py`; both sides are tested against the recorded session in
 * `tests/fixtures/wire/`. All texts are plain text, never HTML.
 *
 * Kernel to page: the trait `snapshot` (a full Update with `statuses` inside, for reloads, views opened later
 * and saved notebooks) and custom messages (FromKernel, binary parts as buffers).
 *
 * An Update has one byte for the status of each job, or no statuses if none has changed since the Update before.
 * Row details are only sent for visible rows. After a gap in `seq` an Update was lost: the page requests all
 * again with `hello`.
 */
import type { Axes, Choice, Groups, Histogram, Sweep, Timeline } from "./wire_charts";

export * from "./wire_charts";

export const WIRE_VERSION = 1;

/**
 * A status byte is an index into this list, plus flags: CANCEL_REQUESTED while a cancellation is pending,
 * UNRETRYABLE when the job cannot be sent again, SOME_FAILED when it is done but some of its circuits failed.
 */
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
export const SOME_FAILED = 0x40;
export const UNRETRYABLE = 0x20;

/**
 * The map of rows to spans, run-length coded: `[first circuit, circuits per job, shot pieces per span, spans]`.
 * Rows are in the order of the spans, and within a span in the order of its pieces.
 *
 * Of one circuit that is cut along its points, `spans` is the number of its ranges, and three numbers follow:
 * the first point, points per range (the last may have fewer), and the point after the last.
 */
export type Run =
  | [start: number, size: number, pieces: number, spans: number]
  | [
      start: number,
      size: number,
      pieces: number,
      spans: number,
      first: number,
      points: number,
      end: number,
    ];

export interface Head {
  /** 32 hex digits. */
  id: string;
  name: string;
  backend: string;
  circuits: number;
  /** Points of all circuits together; null if each circuit has one. */
  points: number | null;
  /** The shots of a circuit, or an estimator's precision: "100 shots". May be empty. */
  effort: string;
  /** Start of the progress line, in bold: "6 of 10 done". */
  lead: string;
  /** Rest of the progress line: "1 error, 1 running, 2 not sent". May be empty. */
  line: string;
  /** Whether no job will change by itself. */
  settled: boolean;
  /** The kernel's clock, milliseconds since 1970 UTC; times are shown relative to it. */
  now: number;
  /** How many rows each action applies to, and what the set as a whole can do. */
  can: {
    cancel: number;
    retry: number;
    retry_held: number;
    pause: boolean;
    unpause: boolean;
    resume: boolean;
  };
  /**
   * Why submission waits ("3 of 20 submitted"), and until when (milliseconds since 1970 UTC), or null. The page
   * counts down: "next submission in 12 s".
   */
  waiting: { text: string; until: number | null } | null;
  /** The owner of the set if it is another kernel: "another kernel (process 12 on host)"; null otherwise. */
  owner: string | null;
  /** Estimated end of the last job, milliseconds since 1970 UTC; null where unknown. */
  ends: number | null;
  /** From the first submission to the end of the last job, milliseconds; null until all are finished. */
  took: number | null;
  /** Quantum processor time of all jobs, milliseconds; null where the backend does not report it. */
  qpu: number | null;
  /** Optional columns that have a value for any job. */
  columns: OptionalColumn[];
  /**
   * Since when polls fail (the last answer), why, and when the next poll is (null where this kernel does not poll);
   * times are milliseconds since 1970 UTC. Null if polls do not fail.
   */
  stale: { since: number; text: string; next: number | null } | null;
  /** Whether teaching mode is on. */
  teaching: boolean;
  /** What is shown first: a sweep, or the counts of circuit 0 or of all circuits. */
  first: "sweep" | "circuit" | "sum";
}

export const OPTIONAL_COLUMNS = ["queue", "attempts", "qpu", "id"] as const;
export type OptionalColumn = (typeof OPTIONAL_COLUMNS)[number];

/**
 * Details of one job, for a visible row; null and false are left out. Times are milliseconds since 1970 UTC,
 * durations milliseconds.
 */
export interface Row {
  i: number;
  start: number;
  stop: number;
  piece: number;
  pieces: number;
  /** First point and the point after the last, of one circuit that is cut along its points; else null. */
  points: number[] | null;
  status: Status;
  cancelRequested: boolean;
  attempt: number;
  jobId: string | null;
  /** Position in the backend's queue, from 1; null where unknown. */
  queue: number | null;
  /** Quantum processor time, milliseconds; null where unknown. */
  qpu: number | null;
  /** Start of the current status. */
  since: number | null;
  /** From sending to running, or to the end if running was never observed. Null before the job is sent. */
  waited: number | null;
  ran: number | null;
  /** One short line: the first line of the error, or other information. */
  note: string;
  can: RowAction[];
}

export interface Update {
  kind: "update";
  v: number;
  seq: number;
  /** True in the answer to `hello` and in the trait: replaces the state of the page. */
  full: boolean;
  head: Head;
  /** Present if the update is full or the layout has changed. */
  runs?: Run[];
  rows?: Row[];
  histograms?: Histogram[];
  sweeps?: Sweep[];
  /**
   * Answers to queries of views. The rows of each chosen order are the next buffer after the statuses: row
   * numbers, four bytes each, little-endian.
   */
  orders?: { view: string; asked: number; chosen: boolean }[];
  /** Only in the trait; messages have it as the first buffer. */
  statuses?: DataView;
}

/** Details for a job's drawer. `history` lines are ready to show. */
export interface Detail {
  kind: "detail";
  v: number;
  row: number;
  title: string;
  error: string | null;
  history: string[];
}

/**
 * Some of a job's circuits, drawn as text. `first` is the position of the first of them in the job, `of` the
 * number of circuits of the job.
 */
export interface Drawings {
  kind: "drawings";
  v: number;
  row: number;
  first: number;
  of: number;
  drawings: Drawing[];
  /** Why there are no drawings. */
  problem: string | null;
}

export interface Drawing {
  circuit: number;
  name: string;
  /** "4 qubits · 12 instructions · depth 5". */
  facts: string;
  text: string;
}

/** The answer to a command: recorded (the next Update shows it), or refused with a reason. */
export interface Ack {
  kind: "ack";
  v: number;
  id: string;
  ok: boolean;
  text: string;
}

/** Plotly's basic build, gzipped, in the first buffer. */
export interface PlotlyBundle {
  kind: "plotly";
  v: number;
}

/** A piece of the gzipped file that `save_results` asks for, in the first buffer; an Ack follows the last. */
export interface FilePiece {
  kind: "file";
  v: number;
  /** Of the command. */
  id: string;
}

export type FromKernel =
  | Update
  | Detail
  | Drawings
  | Ack
  | Groups
  | Timeline
  | PlotlyBundle
  | FilePiece;

/** Sort keys of the table. */
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

/**
 * Filter and order of a view. The kernel answers with row numbers, and again whenever they change, because the
 * page has details of the visible rows only.
 */
export interface Query {
  /** Part of an id, error or note, circuits ("17", "100-199") or a job ("job 3"); "" for all. */
  text: string;
  /** Only rows in one of these statuses; empty for all. */
  statuses: Status[];
  sort: SortKey;
  down: boolean;
}

/** Actions on rows. */
export type RowAction = "cancel" | "retry" | "retry_held";
/** The others act on the whole set; their `rows` is null. */
export type Action = RowAction | "pause" | "unpause" | "resume" | "ask" | "save_results";

/**
 * Page to kernel. `view` identifies a view: two views of one model have two viewports. A viewport is the
 * positions `first` up to, not including, `last` of the query's answer, or of all rows without a query. `asked`
 * numbers the view's queries.
 */
export type ToKernel =
  | { kind: "hello"; v: number; view: string }
  | {
      kind: "look";
      v: number;
      view: string;
      first: number;
      last: number;
      /** Null while the timeline or a sweep is shown instead of counts. */
      choice: Choice | null;
      /** Not null while a sweep is shown. */
      sweep?: Axes | null;
      query: Query | null;
      asked: number;
    }
  | { kind: "groups"; v: number }
  | { kind: "detail"; v: number; view: string; row: number }
  | { kind: "circuits"; v: number; row: number; first: number; columns: number }
  | { kind: "command"; v: number; id: string; do: Action; rows: number[] | null }
  | { kind: "plotly"; v: number }
  | { kind: "bye"; v: number; view: string };
