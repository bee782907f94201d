/**
 * The jobs as a grid of which only the rows in sight are in the DOM.
 * Heights are computed and not measured, but for the drawer's.
 */
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Actions } from "../actions";
import { anyRowActs, spanOf } from "../derive";
import type { State } from "../state";
import { Drawer } from "./drawer";
import { JobRow, spanWords } from "./job_row";
import { type Layout, scrollToRow, topOf, totalHeight, type Window, windowOf } from "./rows";

export const ROW_HEIGHT = 30;
const ROWS_IN_SIGHT = 12;
const OVERSCAN = 6;
interface Props {
  state: State;
  actions: Actions;
  now: number;
  /** A row to go to; `times` tells a second wish for the same row from the first. */
  goal: { readonly row: number; readonly times: number } | null;
  current: number;
  onCurrent: (row: number) => void;
  onWindow: (window: Window) => void;
}

export function JobTable(props: Props) {
  const { state, actions, now, goal, onCurrent, onWindow } = props;
  const rows = state.statuses.length;
  const [scrollTop, setScrollTop] = useState(0);
  const [opened, setOpened] = useState(-1);
  const [drawerHeight, setDrawerHeight] = useState(0);
  const scroller = useRef<HTMLDivElement>(null);
  const drawer = useRef<HTMLDivElement>(null);
  const focusOn = useRef(-1);
  const drawerId = useId();

  const open = opened < rows ? opened : -1;
  const current = Math.min(props.current, rows - 1);
  const layout: Layout = { rows, rowHeight: ROW_HEIGHT, open, drawerHeight };
  const height = Math.min(rows, ROWS_IN_SIGHT) * ROW_HEIGHT + (open >= 0 ? drawerHeight : 0);
  const { first, last } = windowOf(layout, scrollTop, height, OVERSCAN);

  useEffect(() => onWindow({ first, last }), [onWindow, first, last]);

  useLayoutEffect(() => {
    const element = drawer.current;
    if (open < 0 || element === null) return setDrawerHeight(0);
    const measure = () => setDrawerHeight(element.offsetHeight);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [open]);

  const scrollTo = (row: number) => {
    const next = scrollToRow(layout, row, scrollTop, height);
    if (next === scrollTop) return;
    if (scroller.current !== null) scroller.current.scrollTop = next;
    setScrollTop(next);
  };

  const moveTo = (row: number) => {
    const target = Math.min(Math.max(row, 0), rows - 1);
    focusOn.current = target;
    scrollTo(target);
    onCurrent(target);
  };

  useEffect(() => {
    if (goal !== null) moveTo(goal.row);
  }, [goal]);

  // After each paint: a row that the keyboard reached may only now be in the DOM.
  useEffect(() => {
    if (focusOn.current < 0) return;
    const element = scroller.current?.querySelector<HTMLElement>(`[data-row="${focusOn.current}"]`);
    if (element == null) return;
    focusOn.current = -1;
    element.focus({ preventScroll: true });
  });

  const toggle = (row: number) => {
    setOpened(open === row ? -1 : row);
    onCurrent(row);
  };

  const onKeyDown = (event: KeyboardEvent) => {
    // Only rows carry a number; in the drawer and on buttons the keys keep their own meaning.
    const at = Number((event.target as HTMLElement).dataset.row ?? Number.NaN);
    const step = STEPS[event.key];
    if (event.key === "Escape" && open >= 0) {
      moveTo(open);
      setOpened(-1);
    } else if (Number.isNaN(at)) return;
    else if (event.key === "Enter" || event.key === " ") toggle(at);
    else if (step !== undefined) moveTo(at + step);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const widest = spanWords(spanOf(state.runs, rows - 1));
  const shown: number[] = [];
  for (let i = first; i < last; i++) shown.push(i);
  // The row that has the focus stays, or the focus would fall out of the panel.
  if (current >= 0 && (current < first || current >= last)) shown.push(current);
  const drawerShown = open >= 0;

  return (
    <div
      class={`qjm-table${rows > ROWS_IN_SIGHT ? " qjm-table-scrolls" : ""}${anyRowActs(state) ? " qjm-table-acts" : ""}`}
      style={{
        "--qjm-numbers": widthFor(String(rows - 1), 38),
        "--qjm-spans": widthFor(widest, 76),
      }}
      role="grid"
      aria-label="Jobs"
      aria-rowcount={rows + 1}
      onKeyDown={onKeyDown}
    >
      <Columns />
      <div
        class="qjm-scroller"
        role="rowgroup"
        ref={scroller}
        style={{ height: `${height}px` }}
        onScroll={(event) => setScrollTop(event.currentTarget.scrollTop)}
      >
        <div class="qjm-rows" role="presentation" style={{ height: `${totalHeight(layout)}px` }}>
          {shown.map((i) => (
            <JobRow
              key={i}
              state={state}
              actions={actions}
              i={i}
              top={topOf(layout, i)}
              open={i === open}
              drawerId={drawerId}
              current={i === current}
              now={now}
              onToggle={toggle}
              onFocus={onCurrent}
            />
          ))}
          {drawerShown && (
            <div
              key="drawer"
              class="qjm-drawer-row"
              role="row"
              ref={drawer}
              style={{ transform: `translateY(${topOf(layout, open) + ROW_HEIGHT}px)` }}
            >
              <div role="gridcell" aria-colspan={7}>
                <Drawer
                  key={open}
                  state={state}
                  actions={actions}
                  row={open}
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

const STEPS: Readonly<Record<string, number>> = {
  ArrowDown: 1,
  ArrowUp: -1,
  PageDown: ROWS_IN_SIGHT - 1,
  PageUp: 1 - ROWS_IN_SIGHT,
  Home: Number.NEGATIVE_INFINITY,
  End: Number.POSITIVE_INFINITY,
};

/** A column as wide as its last and widest text, in pixels. */
function widthFor(text: string, least: number): string {
  return `${Math.max(least, Math.ceil(8 * text.length + 12))}px`;
}

/** Headings with the classes of their cells. The last has only a name for screen readers. */
const COLUMNS = [
  ["Job", "number"],
  ["Circuits", "span"],
  ["Status", "status"],
  ["Note", "note"],
  ["Waited", "time qjm-cell-waited"],
  ["Ran", "time qjm-cell-ran"],
  ["Action", "action"],
] as const;

function Columns() {
  return (
    <div role="rowgroup">
      <div class="qjm-columns" role="row" aria-rowindex={1}>
        {COLUMNS.map(([heading, name]) => (
          <span key={name} role="columnheader" class={`qjm-cell qjm-cell-${name}`}>
            {name === "action" ? <span class="qjm-unseen">{heading}</span> : heading}
          </span>
        ))}
      </div>
    </div>
  );
}
