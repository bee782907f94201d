/** The columns that fit, the same list as long as nothing about them changes. */
import type { RefObject } from "preact";
import { useLayoutEffect, useMemo, useState } from "preact/hooks";
import { spanOf } from "../state/selectors";
import type { State } from "../state/state";
import { type Column, columnsFor } from "./columns";
import { spanWords } from "./row_model";

/** Pixels at both sides of a row. */
const PADDING = 28;

/** Null until the table has been measured: rows in the wrong columns would be drawn for nothing. */
export function useColumns(
  state: State,
  table: RefObject<HTMLElement | null>,
  acts: boolean,
): Column[] | null {
  const width = useWidth(table);
  const rows = state.statuses.length;
  const filled = state.head?.columns ?? [];
  const noted = (state.head?.can.retry ?? 0) + (state.head?.can.retry_held ?? 0) > 0;
  const number = widthOf(String(rows - 1)) + 18;
  const span = widthOf(spanWords(spanOf(state.runs, rows - 1)));
  return useMemo(
    () =>
      width === null
        ? null
        : columnsFor({ width: Math.max(0, width - PADDING), filled, acts, noted, number, span }),
    [width, filled.join(), acts, noted, number, span],
  );
}

/** Pixels that a text takes in a column, with the room after it. */
function widthOf(text: string): number {
  return Math.ceil(8 * text.length + 12);
}

function useWidth(frame: RefObject<HTMLElement | null>): number | null {
  const [width, setWidth] = useState<number | null>(null);
  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const look = () => setWidth(element.clientWidth);
    look();
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => observer.disconnect();
  }, [frame]);
  return width;
}
