/**
 * The table of jobs, with only the visible rows in the DOM. All heights are computed, except the drawer's, which
 * is measured.
 */
import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { useResize } from "../components/use_resize";
import {
  type Layout,
  type RowRange,
  scrollToRow,
  slotsFor,
  topOf,
  totalHeight,
  visibleRange,
} from "../components/virtual_rows";
import type { Query, SortKey } from "../protocol/wire";
import type { Actions } from "../state/actions";
import { anyRowHasAction, positionOf, rowAt } from "../state/selectors";
import type { State } from "../state/state";
import { gridColumns } from "./columns";
import { Drawer } from "./drawer";
import { JobRow, type RowHandlers } from "./job_row";
import { NoRows } from "./no_rows";
import { rowModelOf } from "./row_model";
import { extended, NOTHING, type Selection, toggled } from "./selection";
import { TableHead } from "./table_head";
import { rowOf, stepOf } from "./table_keys";
import { useColumns } from "./use_columns";
import { useScroll } from "./use_scroll";

export const ROW_HEIGHT = 30;
const VISIBLE_ROWS = 12;
const OVERSCAN = 6;

interface Props {
  state: State;
  actions: Actions;
  now: number;
  /** The shown rows in their order; null for all rows. */
  order: Uint32Array | null;
  query: Query;
  sorts: (key: SortKey) => boolean;
  selection: Selection;
  onSort: (key: SortKey) => void;
  onSelection: (selection: Selection) => void;
  onRange: (window: RowRange) => void;
  onSearch: () => void;
  onShowAll: () => void;
}

export function JobTable(props: Props) {
  const { state, actions, now, order, selection, onSelection, onRange } = props;
  const rows = order === null ? state.statuses.length : order.length;
  const { top: scrollTop, overscan, moveTo: scrollTo } = useScroll(OVERSCAN, OVERSCAN * ROW_HEIGHT);
  const [opened, setOpened] = useState(-1);
  const [currentRow, setCurrentRow] = useState(0);
  const [drawerHeight, setDrawerHeight] = useState(0);
  const table = useRef<HTMLDivElement>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const drawer = useRef<HTMLDivElement>(null);
  const focusOn = useRef(-1);
  const anchor = useRef(0);
  const slots = useRef<ReadonlyMap<number, number>>(new Map());
  const drawerId = useId();

  const hasActions = anyRowHasAction(state);
  const measured = useColumns(state, table, hasActions);
  const columns = measured ?? [];
  const open = opened < 0 ? -1 : within(positionOf(order, opened), rows);
  const current = Math.max(0, within(positionOf(order, currentRow), rows));
  const layout: Layout = { rows, rowHeight: ROW_HEIGHT, open, drawerHeight };
  const height = Math.min(rows, VISIBLE_ROWS) * ROW_HEIGHT + (open >= 0 ? drawerHeight : 0);
  const { first, last } = visibleRange(layout, scrollTop, height, overscan);

  // Request details with overscan, whether those rows are rendered yet or not.
  const requested = visibleRange(layout, scrollTop, height, OVERSCAN);
  useEffect(() => onRange(requested), [onRange, requested.first, requested.last]);

  // Clear the selection when no row has an action any more.
  useEffect(() => {
    if (!hasActions) onSelection(NOTHING);
  }, [hasActions, onSelection]);

  // A new search or order starts at the top.
  useLayoutEffect(() => {
    if (scroller.current !== null) scroller.current.scrollTop = 0;
    scrollTo(0);
  }, [props.query]);

  useLayoutEffect(() => {
    if (open < 0) setDrawerHeight(0);
  }, [open]);
  useResize(drawer, (element) => setDrawerHeight(element.offsetHeight), [open]);

  const moveTo = (position: number) => {
    const target = Math.min(Math.max(position, 0), rows - 1);
    const next = scrollToRow(layout, target, scrollTop, height);
    if (next !== scrollTop) {
      if (scroller.current !== null) scroller.current.scrollTop = next;
      scrollTo(next);
    }
    focusOn.current = rowAt(order, target);
    setCurrentRow(focusOn.current);
    return target;
  };

  // This runs after each paint, because a row reached by keyboard may only now be in the DOM.
  useEffect(() => {
    if (focusOn.current < 0) return;
    const element = scroller.current?.querySelector<HTMLElement>(`[data-row="${focusOn.current}"]`);
    if (element == null) return;
    focusOn.current = -1;
    element.focus({ preventScroll: true });
  });

  const toggle = (row: number) => {
    setOpened(opened === row ? -1 : row);
    setCurrentRow(row);
  };

  const between = (a: number, b: number) => {
    const found: number[] = [];
    for (let position = Math.min(a, b); position <= Math.max(a, b); position++) {
      found.push(rowAt(order, position));
    }
    return found;
  };

  const select = (row: number, range: boolean) => {
    const from = positionOf(order, anchor.current);
    if (range && from >= 0) {
      onSelection(extended(selection, between(from, positionOf(order, row))));
    } else {
      anchor.current = row;
      onSelection(toggled(selection, row));
    }
    setCurrentRow(row);
  };

  const selectAll = (all: boolean) =>
    onSelection(all && rows > 0 ? new Set(between(0, rows - 1)) : NOTHING);

  const on = useStableHandlers({
    toggle,
    select,
    focus: setCurrentRow,
    act: (action, row) => actions.command(action, [row]),
    selectAll,
  });

  const onKeyDown = (event: KeyboardEvent) => {
    const row = rowOf(event.target as HTMLElement, event.key);
    const step = stepOf(event.key, VISIBLE_ROWS);
    const at = positionOf(order, row);
    if (event.key === "Escape" && open >= 0) {
      moveTo(open);
      setOpened(-1);
    } else if (event.key === "Escape" && selection.size > 0) onSelection(NOTHING);
    else if (Number.isNaN(row)) return;
    else if (event.key === "Enter") toggle(row);
    else if (event.key === " " && hasActions) select(row, event.shiftKey);
    else if (event.key === " ") toggle(row);
    else if (event.key === "a" && (event.ctrlKey || event.metaKey) && hasActions) selectAll(true);
    else if (event.key === "/") props.onSearch();
    else if (step !== undefined) {
      const to = moveTo(at + step);
      if (event.shiftKey && hasActions) onSelection(extended(selection, between(at, to)));
      else anchor.current = rowAt(order, to);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };

  /** Positions of the rendered rows. */
  const positions = new Map<number, number>();
  for (let position = first; measured !== null && position < last; position++) {
    positions.set(rowAt(order, position), position);
  }
  // Keep the focused row in the DOM, or the panel would lose the focus.
  if (rows > 0 && (current < first || current >= last))
    positions.set(rowAt(order, current), current);
  slots.current = slotsFor(slots.current, [...positions.keys()], !holdsFocus(scroller.current));
  const drawerShown = open >= 0;

  return (
    <div
      class={`qjm-table${rows > VISIBLE_ROWS ? " qjm-table-scrolls" : ""}`}
      ref={table}
      style={{ "--qjm-columns": gridColumns(columns) }}
      role="grid"
      aria-label="Jobs"
      aria-rowcount={rows + 1}
      aria-multiselectable={hasActions}
      aria-busy={state.queryPending && state.connection === "connected"}
      onKeyDown={onKeyDown}
    >
      <TableHead
        columns={columns}
        query={props.query}
        sorts={props.sorts}
        selected={selection.size === 0 ? "none" : selection.size >= rows ? "all" : "some"}
        onSort={props.onSort}
        onSelectAll={on.selectAll}
      />
      <div
        class="qjm-scroller"
        role="rowgroup"
        ref={scroller}
        style={{ height: `${rows === 0 ? 3 * ROW_HEIGHT : height}px` }}
        onScroll={(event) => scrollTo(event.currentTarget.scrollTop)}
      >
        {rows === 0 && <NoRows searching={state.queryPending} onShowAll={props.onShowAll} />}
        <div class="qjm-rows" role="presentation" style={{ height: `${totalHeight(layout)}px` }}>
          {[...slots.current].map(([i, slot]) => {
            const position = positions.get(i) ?? 0;
            return (
              <JobRow
                key={slot}
                {...rowModelOf(state, i, now)}
                on={on}
                columns={columns}
                i={i}
                position={position}
                top={topOf(layout, position)}
                open={position === open}
                drawerId={drawerId}
                selected={selection.has(i)}
                current={position === current}
              />
            );
          })}
          {drawerShown && (
            <div
              key="drawer"
              class="qjm-drawer-row"
              role="row"
              ref={drawer}
              style={{ transform: `translateY(${topOf(layout, open) + ROW_HEIGHT}px)` }}
            >
              <div role="gridcell" aria-colspan={columns.length}>
                <Drawer
                  key={opened}
                  state={state}
                  actions={actions}
                  row={opened}
                  id={drawerId}
                  now={now}
                />
              </div>
            </div>
          )}
        </div>
      </div>
    </div>
  );
}

interface Handlers extends RowHandlers {
  readonly selectAll: (all: boolean) => void;
}

/** Return handlers that stay the same objects, and call the newest handlers. */
function useStableHandlers(handlers: Handlers): Handlers {
  const newest = useRef(handlers);
  newest.current = handlers;
  return useMemo(
    () => ({
      toggle: (row) => newest.current.toggle(row),
      focus: (row) => newest.current.focus(row),
      select: (row, range) => newest.current.select(row, range),
      act: (action, row) => newest.current.act(action, row),
      selectAll: (all) => newest.current.selectAll(all),
    }),
    [],
  );
}

function holdsFocus(element: HTMLElement | null): boolean {
  const root = element?.getRootNode() as Document | ShadowRoot | undefined;
  return element?.contains(root?.activeElement ?? null) === true;
}

function within(position: number, rows: number): number {
  return position < rows ? position : -1;
}
