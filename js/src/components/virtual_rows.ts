/** Layout of a virtual list: few of its rows are in the DOM, and one may have an open drawer below it. Pure. */
export interface Layout {
  readonly rows: number;
  /** Pixels. */
  readonly rowHeight: number;
  /** The row with the open drawer; -1 for none. */
  readonly open: number;
  readonly drawerHeight: number;
}

export interface RowRange {
  /** Half open: `last` is one past the last row. */
  readonly first: number;
  readonly last: number;
}

export function totalHeight({ rows, rowHeight, open, drawerHeight }: Layout): number {
  return rows * rowHeight + (open >= 0 ? drawerHeight : 0);
}

export function topOf({ rowHeight, open, drawerHeight }: Layout, row: number): number {
  return row * rowHeight + (open >= 0 && row > open ? drawerHeight : 0);
}

function rowAt({ rows, rowHeight, open, drawerHeight }: Layout, y: number): number {
  let row = Math.floor(y / rowHeight);
  if (open >= 0 && row > open) row = Math.max(open, Math.floor((y - drawerHeight) / rowHeight));
  return Math.min(Math.max(row, 0), rows - 1);
}

export function visibleRange(
  layout: Layout,
  scrollTop: number,
  height: number,
  overscan: number,
): RowRange {
  if (layout.rows === 0) return { first: 0, last: 0 };
  return {
    first: Math.max(0, rowAt(layout, scrollTop) - overscan),
    last: Math.min(layout.rows, rowAt(layout, scrollTop + height) + 1 + overscan),
  };
}

/** The nearest scroll position at which the row is visible. */
export function scrollToRow(
  layout: Layout,
  row: number,
  scrollTop: number,
  height: number,
): number {
  const top = topOf(layout, row);
  const bottom = top + layout.rowHeight;
  if (top < scrollTop) return top;
  if (bottom > scrollTop + height) return bottom - height;
  return scrollTop;
}

/**
 * Assign rows to DOM elements (slots), in DOM order. A visible row keeps its slot. Slots of rows that went out
 * of view are reused in their order, because filling an element is much faster than creating one.
 *
 * With `reuse` false (the focus is inside), no slot is reused and new rows are appended: a browser drops the
 * focus of an element that is moved in the DOM, or scrolls back to it.
 */
export function slotsFor(
  before: ReadonlyMap<number, number>,
  shown: readonly number[],
  reuse: boolean,
): ReadonlyMap<number, number> {
  const stay = new Set(shown);
  const used = new Set(before.values());
  const free = [...before].filter(([row]) => reuse && !stay.has(row)).map(([, slot]) => slot);
  let fresh = 0;
  const next = (): number => {
    const reused = free.shift();
    if (reused !== undefined) return reused;
    while (used.has(fresh)) fresh += 1;
    used.add(fresh);
    return fresh;
  };
  const staying = [...before.keys()].filter((row) => stay.has(row));
  const rows = reuse ? stay : new Set([...staying, ...shown]);
  return new Map([...rows].map((row) => [row, before.get(row) ?? next()]));
}
