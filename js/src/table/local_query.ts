/**
 * A query answered by the page itself, where no kernel does: from the statuses and spans of all rows, and
 * from the few rows whose details were saved. Pure.
 */

import { type Query, type SortKey, STATUS_MASK } from "../protocol/wire";
import { spanOf, statusOf } from "../state/selectors";
import type { State } from "../state/state";

/** By what rows can be sorted without a kernel: of all else a saved state has the first rows only. */
export const SORTS_ALONE: readonly SortKey[] = ["job", "status"];

export function rowsFor(state: State, { text, statuses, sort, down }: Query): Uint32Array {
  const fits = searchFor(state, text.trim().toLowerCase());
  const found: number[] = [];
  for (let row = 0; row < state.statuses.length; row++) {
    if (statuses.length > 0 && !statuses.includes(statusOf(state, row))) continue;
    if (fits(row)) found.push(row);
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
  const says = (row: number): boolean => {
    const { jobId, note } = state.rows.get(row) ?? { jobId: null, note: "" };
    return [jobId, note].some((each) => each?.toLowerCase().includes(text) ?? false);
  };
  const circuits = /^(?:circuits?\s+)?(\d+)(?:\s*[-–]\s*(\d+))?$/.exec(text);
  if (circuits === null) return says;
  const first = Number(circuits[1]);
  const last = Number(circuits[2] ?? circuits[1]);
  return (row) => {
    const span = spanOf(state.runs, row);
    return span !== null && span.start <= last && first < span.stop;
  };
}
