/** Selected rows, and their possible actions. Pure. */

import type { RowAction } from "../protocol/wire";
import { actionsOf } from "../state/selectors";
import type { State } from "../state/state";

export type Selection = ReadonlySet<number>;

export const NOTHING: Selection = new Set();

export function toggled(selection: Selection, row: number): Selection {
  const next = new Set(selection);
  if (!next.delete(row)) next.add(row);
  return next;
}

/** Add rows to the selection. */
export function extended(selection: Selection, rows: Iterable<number>): Selection {
  return new Set([...selection, ...rows]);
}

/** The selected rows by action. */
export function possible(state: State, selection: Selection): ReadonlyMap<RowAction, number[]> {
  const found = new Map<RowAction, number[]>();
  for (const row of selection) {
    for (const action of actionsOf(state, row)) {
      const rows = found.get(action);
      if (rows === undefined) found.set(action, [row]);
      else rows.push(row);
    }
  }
  return found;
}
