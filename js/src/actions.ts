/** What the views may ask for. `sync` fulfils it; the views know nothing of a model or a comm. */
import type { Action } from "./wire";

/** What one view of the panel has in sight. */
export interface Sight {
  /** The rows in sight, half open: `last` is one past the last of them. */
  readonly first: number;
  readonly last: number;
  /** The circuit whose counts are shown; null for all. */
  readonly circuit: number | null;
  readonly top: number;
}

export interface Actions {
  look(sight: Sight): void;
  detail(row: number): void;
  /** Null rows: all that the action fits. */
  command(action: Action, rows: readonly number[] | null): void;
  dismiss(): void;
}
