/**
 * Answer a query without a kernel, from the statuses and spans of all rows and the details of the saved rows.
 * Pure.
 */

import { type Query, type SortKey, STATUS_MASK } from "../protocol/wire";
import { spanOf, statusOf } from "../state/selectors";
import type { State } from "../state/state";

/** Sort keys that work without a kernel. A saved state has the values of other keys only for some rows. */
export const SORTS_ALONE: readonly SortKey[] = ["job", "status"];

export function rowsFor(state: State, { text, statuses, sort, down }: Query): Uint32Array {
  const matches = searchFor(state, text.trim().toLowerCase());
  const found: number[] = [];
  for (let row = 0; row < state.statuses.length; row++) {
    if (statuses.length > 0 && !statuses.includes(statusOf(state, row))) continue;
    if (matches(row)) found.push(row);
  }
  const status = (row: number) => (state.statuses[row] ?? 0) & STATUS_MASK;
  if (sort === "status")
    found.sort((a, b) => (down ? status(b) - status(a) : status(a) - status(b)));
  else if (down) found.reverse();
  return Uint32Array.from(found);
}

function searchFor(state: State, text: string): (row: number) => boolean {
  if (text === "") return () => true;
  const job = /^job\s+(\d+)$/.exec(text);
  if (job !== null) return (row) => row === Number(job[1]);
  const matchesText = (row: number): boolean => {
    const { jobId, note } = state.rows.get(row) ?? { jobId: null, note: "" };
    return [jobId, note].some((value) => value?.toLowerCase().includes(text) ?? false);
  };
  const circuits = /^(?:circuits?\s+)?(\d+)(?:\s*[-–]\s*(\d+))?$/.exec(text);
  if (circuits === null) return matchesText;
  const first = Number(circuits[1]);
  const last = Number(circuits[2] ?? circuits[1]);
  return (row) => {
    const span = spanOf(state.runs, row);
    return span !== null && span.start <= last && first < span.stop;
  };
}
