/** The requests that views can make. The session implements it; views know no model and no comm. */
import type { Action, Axes, Choice, Query } from "../protocol/wire";

/** The part of the data that a view shows. */
export interface Viewport {
  /** Visible positions, half open: `last` is one past the last. */
  readonly first: number;
  readonly last: number;
  /** The counts shown; null for the timeline. */
  readonly choice: Choice | null;
  readonly sweep?: Axes | null;
  /** The query whose answer has these positions; null for all rows. */
  readonly query: Query | null;
}

export interface Actions {
  setViewport(viewport: Viewport): void;
  detail(row: number): void;
  /** Draw circuits of a row's job, from this position in the job on, in lines of `columns` characters. */
  circuits(row: number, first: number, columns: number): void;
  /** Request the groups of circuits. */
  groups(): void;
  /** Null rows: all rows that the action applies to. */
  command(action: Action, rows: readonly number[] | null): void;
  dismiss(): void;
  /** Request the whole state from the kernel. */
  refresh(): void;
}
