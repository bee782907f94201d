/** A job set that the demo and the tests make up. */
import type { Axes, Groups, Head, Status, Sweep } from "../src/protocol/wire";

export interface FakeJob {
  status: Status;
  /** Some of its circuits failed, though it is done. */
  someFailed?: boolean;
  cancelRequested?: boolean;
  jobId?: string;
  since?: number;
  waited?: number;
  ran?: number;
  note?: string;
  title?: string;
  error?: string;
  history?: string[];
  queue?: number;
  qpu?: number;
  attempt?: number;
}

export interface FakeSet {
  name: string;
  backend: string;
  circuits: number;
  perJob: number;
  pieces: number;
  points?: number;
  effort: string;
  /** The first expectation values, where the set gives these and no counts. */
  estimates?: string[];
  lead: string;
  line: string;
  settled: boolean;
  jobs: FakeJob[];
  /** Counts of all jobs that are done; one circuit gets its share. */
  counts: Record<string, number>;
  /** Expected probabilities. */
  expected?: Record<string, number>;
  groups?: Omit<Groups, "kind" | "v">;
  now: number;
  waiting?: Head["waiting"];
  /** Estimated end, milliseconds since 1970 UTC. */
  ends?: number;
  /** How long all of it took, milliseconds. */
  took?: number;
  stale?: Head["stale"];
  /** Another owner: then this page has no actions. */
  owner?: string;
  teaching?: boolean;
  first?: Head["first"];
  /** The sweep, by default axes. */
  sweep?: (axes: Axes) => Sweep;
  paused?: boolean;
  /** It has no owner. */
  interrupted?: boolean;
  /** The text with which the kernel refuses to resume it. */
  refusal?: string;
}
