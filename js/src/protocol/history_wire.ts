/**
 * Messages of the manager's panel. Python builds them in `qjm_widgets/widgets/set_query.py` and `history.py`. All
 * texts are plain text, never HTML.
 *
 * Kernel to page: the trait `listing` (the first Listing, for views opened later) and custom messages
 * (FromStore). A Listing is complete for the visible rows; the kernel searches.
 */
import type { Ack } from "./wire";

export const HISTORY_VERSION = 1;

/** States to filter by; a set may be in several. */
export const SET_STATES = [
  "under_way",
  "interrupted",
  "held",
  "failed",
  "cancelled",
  "done",
] as const;
export type SetState = (typeof SET_STATES)[number];

/** A search; empty fields match every set. */
export interface Query {
  text: string;
  state: SetState | "";
  backend: string;
  tag: string;
}

export interface StoredSet {
  /** 32 hex digits. */
  id: string;
  name: string;
  backend: string;
  circuits: number;
  /** Fewest and most shots of a circuit; null where the backend decided. */
  shots: [number, number] | null;
  /** Least and greatest precision of an estimator's PUBs. */
  precision?: [number, number] | null;
  tags: string[];
  /** Progress: "6 of 10 done" and "1 error, 3 not sent", which may be empty. */
  lead: string;
  line: string;
  /** Number of jobs in each of `STATUSES`. */
  jobs: number[];
  /** Milliseconds since 1970 UTC. */
  created: number;
  /** Its panel is shown below the list. */
  open: boolean;
  /** Unfinished and without an owner, so it can be resumed. */
  interrupted: boolean;
  /** The owner, where that is another kernel. */
  owner: string | null;
  /** Listed below the line of its group. */
  inside?: boolean;
}

/** The line of a group, in the place of its sets. */
export interface StoredGroup {
  /** The name as it is sent back. */
  group: string;
  name: string;
  /** Backend and numbers of sets and circuits. */
  title: string;
  /** Progress in sets: "229 of 230 done" and "1 running", which may be empty. */
  lead: string;
  line: string;
  /** Number of sets in each of `STATUSES`. */
  jobs: number[];
  /** When the newest set was made, in milliseconds since 1970 UTC. */
  created: number;
  /** Its panel is shown below the list. */
  open: boolean;
  /** Its sets are listed below it. */
  unfolded: boolean;
  /** Number of sets that can be resumed. */
  interrupted: number;
}

export type Line = StoredSet | StoredGroup;

export interface Listing {
  kind: "listing";
  v: number;
  /** The query that it answers. */
  query: Query;
  /** Position of the first of `sets` among the lines, newest first. */
  first: number;
  /** Number of sets that match, and of lines; a group is one line and, unfolded, one more for each of its sets. */
  matching: number;
  rows: number;
  /** Number of sets in the store. */
  total: number;
  /** Size of the store. */
  bytes: number;
  /** Values to filter by, with their number of sets. */
  backends: [string, number][];
  tags: [string, number][];
  sets: Line[];
}

/** The store cannot be read at the moment. */
export interface Trouble {
  kind: "trouble";
  v: number;
  text: string;
}

/** A bundle to save; its bytes are the first buffer. */
export interface BundleFile {
  kind: "file";
  v: number;
  id: string;
  name: string;
}

export type FromStore = Listing | Trouble | BundleFile | Ack;

/** Commands to one set, and to the store. */
export type SetCommand =
  | { do: "open" | "close" | "resume" | "download" | "delete" }
  | { do: "rename"; name: string }
  | { do: "tag"; tags: string[] }
  | { do: "export"; path: string };
export type GroupCommand = { do: "open" | "close" };
export type StoreCommand = { do: "count_older" | "prune"; days: number };

/** `view` identifies a view of the list, `id` a command, which an Ack answers. */
export type ToStore =
  | {
      kind: "list";
      v: number;
      view: string;
      first: number;
      last: number;
      query: Query;
      /** The unfolded groups. */
      groups: string[];
    }
  | ({ kind: "do"; v: number; id: string; set: string | null } & (SetCommand | StoreCommand))
  | ({ kind: "do"; v: number; id: string; group: string } & GroupCommand)
  | { kind: "bye"; v: number; view: string };
