/** The columns that fit, the same list as long as nothing about them changes. */
import { useMemo } from "preact/hooks";
import { spanOf } from "../derive";
import type { State } from "../state";
import { type Column, columnsFor } from "./columns";
import { spanWords } from "./line";

/** Pixels at both sides of a row. */
const PADDING = 28;

export function useColumns(state: State, width: number, acts: boolean): Column[] {
  const rows = state.statuses.length;
  const filled = state.head?.columns ?? [];
  const noted = (state.head?.can.retry ?? 0) + (state.head?.can.retry_held ?? 0) > 0;
  const number = widthOf(String(rows - 1)) + 18;
  const span = widthOf(spanWords(spanOf(state.runs, rows - 1)));
  return useMemo(
    () => columnsFor({ width: Math.max(0, width - PADDING), filled, acts, noted, number, span }),
    [width, filled.join(), acts, noted, number, span],
  );
}

/** Pixels that a text takes in a column, with the room after it. */
function widthOf(text: string): number {
  return Math.ceil(8 * text.length + 12);
}
