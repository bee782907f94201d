/**
 * Messages of a group's panel. Python builds them in `qjm_widgets/widgets/group_wire.py` and `group.py`. All texts are
 * plain text, never HTML. Sets are numbered from 1, the oldest first.
 *
 * Kernel to page: the trait `group` (a Group, complete for all views) and custom messages (FromGroup).
 */
import type { Ack, Status } from "./wire";

export const GROUP_VERSION = 1;

/** The number of a set, and its value. */
export type Valued = [number: number, value: number];

/** Values over the mean number of their sets; null where no set of a point has a value. */
export interface Trend {
  x: number[];
  y: (number | null)[];
  /** The least and the greatest value of each point. */
  low: (number | null)[];
  high: (number | null)[];
  /** So many sets are one point. */
  size: number;
}

export type Failure = [number: number, id: string, name: string, error: string];

export interface Group {
  v: number;
  name: string;
  /** Backend and numbers of sets and circuits; empty before the first set. */
  title: string;
  sets: number;
  /** Progress in sets: "229 of 230 done" and "1 running", which may be empty. */
  lead: string;
  line: string;
  /** Number of sets in each of `STATUSES`. */
  numbers: number[];
  /** Whether the loop may go on by itself. */
  going: boolean;
  /** Milliseconds since the first set was made, when this was sent or when the loop ended. */
  elapsed: number;
  /** What the values are. */
  label: string;
  newest: Valued | null;
  lowest: Valued | null;
  highest: Valued | null;
  trend: Trend;
  /** Number of values that are still being read. */
  unread: number;
  /** Why a value is missing. */
  problem: string | null;
  /** Number of all failed sets, and the newest of them first. */
  failed: number;
  failures: Failure[];
  /** The set whose panel is shown below. */
  opened: string | null;
  /** Another kernel that drives a set. */
  elsewhere: string | null;
  /** Why the store cannot be read. */
  trouble: string | null;
}

/** The facts of one set, the answer to `set`. */
export interface SetFacts {
  kind: "set";
  v: number;
  number: number;
  id: string;
  name: string;
  status: Status;
  text: string;
  value: number | null;
  error: string;
  /** Milliseconds since 1970 UTC. */
  created: number;
}

/** The answer to `hello`. */
export interface Welcome {
  kind: "welcome";
  v: number;
}

export type FromGroup = SetFacts | Welcome | Ack;

export type ToGroup =
  | { kind: "hello" | "bye"; v: number; view: string }
  | { kind: "set"; v: number; number: number }
  | { kind: "do"; v: number; id: string; do: "open" | "close"; set: string };
