/**
 * The wire of the manager's panel, written down once. Python builds these shapes in
 * `qjm_widgets/widgets/listing.py` and `history.py`. Every text comes from elsewhere and is text, never HTML.
 *
 * Kernel -> page: the trait `listing` (the first Listing, for a late view) and custom messages
 * (FromStore). A Listing is whole for the rows that a view looks at: searching runs in the kernel.
 */
import type { Ack } from "./wire";

export const HISTORY_VERSION = 1;

/** What can be asked for; a set may be in several. */
export const SET_STATES = [
  "under_way",
  "interrupted",
  "held",
  "failed",
  "cancelled",
  "done",
] as const;
export type SetState = (typeof SET_STATES)[number];

/** Which sets a reader wants; what is empty asks for nothing. */
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
  tags: string[];
  /** "6 of 10 done", and "1 failed, 3 not sent", which may be empty. */
  lead: string;
  line: string;
  /** How many jobs are in each of `STATUSES`. */
  jobs: number[];
  /** Milliseconds since 1970 UTC. */
  created: number;
  /** Its panel stands below the list. */
  open: boolean;
  /** Jobs are left to do and nobody drives the set: it can be resumed. */
  interrupted: boolean;
  /** Who drives it, where that is another kernel. */
  owner: string | null;
}

export interface Listing {
  kind: "listing";
  v: number;
  /** Which it answers. */
  query: Query;
  /** The place of the first of `sets` among those that match, newest first. */
  first: number;
  matching: number;
  /** Sets in the store. */
  total: number;
  /** Size of the store. */
  bytes: number;
  /** What can be chosen, with how many sets have it. */
  backends: [string, number][];
  tags: [string, number][];
  sets: StoredSet[];
}

/** The store cannot be read now. */
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

/** What can be done with one set, and with the store. */
export type SetDeed =
  | { do: "open" | "close" | "resume" | "download" | "delete" }
  | { do: "rename"; name: string }
  | { do: "tag"; tags: string[] }
  | { do: "export"; path: string };
export type StoreDeed = { do: "count_older" | "prune"; days: number };

/** `view` names one view of the list; `id` one command, which an Ack answers. */
export type ToStore =
  | { kind: "list"; v: number; view: string; first: number; last: number; query: Query }
  | ({ kind: "do"; v: number; id: string; set: string | null } & (SetDeed | StoreDeed))
  | { kind: "bye"; v: number; view: string };
