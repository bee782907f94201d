/** Where rows lie in a list that is only partly in the DOM, with one drawer open below a row. Pure. */
export interface Layout {
  readonly rows: number;
  /** Pixels. */
  readonly rowHeight: number;
  /** The row whose drawer is open; -1 for none. */
  readonly open: number;
  readonly drawerHeight: number;
}

export interface Window {
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

export function windowOf(
  layout: Layout,
  scrollTop: number,
  height: number,
  overscan: number,
): Window {
  if (layout.rows === 0) return { first: 0, last: 0 };
  return {
    first: Math.max(0, rowAt(layout, scrollTop) - overscan),
    last: Math.min(layout.rows, rowAt(layout, scrollTop + height) + 1 + overscan),
  };
}

/** The scroll position that shows the row, moved no more than needed. */
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
 * Which element shows which row, by number, in the order in which the elements stand. A row keeps its own while it is
 * shown. Those of rows that went are handed on, in their order, as an element is far quicker filled anew than made.
 *
 * Not while the focus is among them (`handOn` false): the browser takes it from an element that changes its place among
 * the others, or scrolls back to it. Then all keep their places, and new ones stand behind them.
 */
export function slotsFor(
  before: ReadonlyMap<number, number>,
  shown: readonly number[],
  handOn: boolean,
): ReadonlyMap<number, number> {
  const stay = new Set(shown);
  const used = new Set(before.values());
  const free = [...before].filter(([row]) => handOn && !stay.has(row)).map(([, slot]) => slot);
  let fresh = 0;
  const next = (): number => {
    const handed = free.shift();
    if (handed !== undefined) return handed;
    while (used.has(fresh)) fresh += 1;
    used.add(fresh);
    return fresh;
  };
  const staying = [...before.keys()].filter((row) => stay.has(row));
  const rows = handOn ? stay : new Set([...staying, ...shown]);
  return new Map([...rows].map((row) => [row, before.get(row) ?? next()]));
}
