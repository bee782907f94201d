/** What the views may ask for. `sync` fulfils it; the views know nothing of a model or a comm. */
import type { Action, Choice, Query } from "../protocol/wire";

/** What one view of the panel has in sight. */
export interface Sight {
  /** The places in sight, half open: `last` is one past the last of them. */
  readonly first: number;
  readonly last: number;
  /** The counts that are in sight; null for the timeline. */
  readonly choice: Choice | null;
  /** Which rows have those places; null for all as they come. */
  readonly query: Query | null;
}

export interface Actions {
  look(sight: Sight): void;
  detail(row: number): void;
  /** Draws circuits of a row's job, from the one at this place in the job on; a line has so many characters. */
  circuits(row: number, first: number, columns: number): void;
  /** Ask which groups the circuits fall into. */
  groups(): void;
  /** Null rows: all that the action fits. */
  command(action: Action, rows: readonly number[] | null): void;
  dismiss(): void;
  /** Asks the kernel for everything again. */
  refresh(): void;
}
