/** The columns that fit; the array stays the same while nothing changes. */
import type { RefObject } from "preact";
import { useMemo, useState } from "preact/hooks";
import { useResize } from "../components/use_resize";
import { spanOf } from "../state/selectors";
import type { State } from "../state/state";
import { type Column, columnsFor } from "./columns";
import { cellText, spanText } from "./row_model";

/** Horizontal padding of a row in pixels, both sides. */
const PADDING = 28;

/** Null until the table is measured: rendering rows with wrong columns would be wasted. */
export function useColumns(
  state: State,
  table: RefObject<HTMLElement | null>,
  hasActions: boolean,
): Column[] | null {
  const width = useWidth(table);
  const rows = state.statuses.length;
  const filled = state.head?.columns ?? [];
  const hasErrors = (state.head?.can.retry ?? 0) + (state.head?.can.retry_held ?? 0) > 0;
  const number = widthOf(String(rows - 1)) + 18;
  const last = spanText(spanOf(state.runs, rows - 1), state.head?.circuits);
  const points = last !== cellText(last);
  const span = widthOf(cellText(last));
  return useMemo(
    () =>
      width === null
        ? null
        : columnsFor({
            width: Math.max(0, width - PADDING),
            filled,
            hasActions,
            hasErrors,
            number,
            span,
            points,
          }),
    [width, filled.join(), hasActions, hasErrors, number, span, points],
  );
}

/** Width of a text in a column with its padding, in pixels. */
function widthOf(text: string): number {
  return Math.ceil(8 * text.length + 12);
}

function useWidth(frame: RefObject<HTMLElement | null>): number | null {
  const [width, setWidth] = useState<number | null>(null);
  useResize(frame, (element) => setWidth(element.clientWidth));
  return width;
}
