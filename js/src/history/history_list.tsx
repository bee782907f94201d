/** The list of all job sets of a store, newest first, with only the visible rows in the DOM. */
import { useCallback, useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Layout, topOf, totalHeight, visibleRange } from "../components/virtual_rows";
import { count, plural } from "../text";
import { GroupRow } from "./group_row";
import { HistoryHead } from "./history_head";
import type { HistoryActions } from "./history_session";
import { type HistoryState, isNoQuery, keyOf, lineAt } from "./history_state";
import { SetRow } from "./set_row";

const WIDE_ROW = 54;
const NARROW_ROW = 80;
/** Below this width in pixels a row takes three lines. */
const NARROW = 620;
const VISIBLE_ROWS = 7;
const OVERSCAN = 8;
/** The number of rows to request: more than are visible without an open drawer. */
const REQUESTED_ROWS = 30;

interface Props {
  state: HistoryState;
  actions: HistoryActions;
  /** Milliseconds since 1970 UTC. */
  now: number;
}

export function History({ state, actions, now }: Props) {
  const { listing, problem } = state;
  return (
    <div class="qjm-history" data-lm-suppress-shortcuts="true">
      {problem !== null && (
        <p class="qjm-notice" role="alert">
          {problem}
        </p>
      )}
      {listing === null ? (
        <p class="qjm-empty">
          {state.connection === "disconnected"
            ? "Nothing to show: not connected to a kernel."
            : "Waiting for the kernel…"}
        </p>
      ) : listing.total === 0 ? (
        <p class="qjm-empty">
          <span>
            No job sets yet: <code>manager.run(circuits, backend)</code> creates the first one.
          </span>
        </p>
      ) : (
        <>
          <HistoryHead state={state} listing={listing} actions={actions} />
          <p class="qjm-matching" role="status">
            {!isNoQuery(state.query) &&
              (listing.matching === 0
                ? "No job set matches."
                : `${count(listing.matching)} of ${plural(listing.total, "set")}`)}
          </p>
          <Rows state={state} actions={actions} now={now} rows={listing.rows} />
        </>
      )}
    </div>
  );
}

function Rows({ state, actions, now, rows }: Props & { rows: number }) {
  const scroller = useRef<HTMLUListElement>(null);
  const [scrollTop, setScrollTop] = useState(0);
  const [narrow, setNarrow] = useState(false);
  const [opened, setOpened] = useState<string | null>(null);
  const [drawerHeight, setDrawerHeight] = useState(0);
  const drawerId = useId();

  const shownSets = state.listing?.sets ?? [];
  const index = shownSets.findIndex((line) => "id" in line && line.id === opened);
  const open = index < 0 ? -1 : index + (state.listing?.first ?? 0);
  const rowHeight = narrow ? NARROW_ROW : WIDE_ROW;
  const layout: Layout = { rows, rowHeight, open, drawerHeight };
  const total = totalHeight(layout);
  const height = Math.min(total, VISIBLE_ROWS * rowHeight + (open < 0 ? 0 : drawerHeight / 2));
  const { first, last } = visibleRange(layout, scrollTop, height, OVERSCAN);

  // The number of rows is fixed, so that a search with fewer matches sends only one request.
  useEffect(() => actions.setViewport(first, first + REQUESTED_ROWS), [actions, first]);
  // A new search starts at the top.
  useLayoutEffect(() => {
    scroller.current?.scrollTo?.({ top: 0 });
    setScrollTop(0);
  }, [state.query]);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null || typeof ResizeObserver === "undefined") return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry !== undefined) setNarrow(entry.contentRect.width < NARROW);
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (state.refused !== null) setOpened(state.refused);
  }, [state.refused]);
  const toggle = useCallback((id: string) => setOpened((old) => (old === id ? null : id)), []);

  const positions: number[] = [];
  for (let i = first; i < last; i++) positions.push(i);
  return (
    <ul
      class={`qjm-sets${narrow ? " qjm-sets-narrow" : ""}`}
      aria-label="Job sets, newest first"
      ref={scroller}
      style={{ height: `${height}px`, "--qjm-set-row": `${rowHeight}px` }}
      onScroll={(event) => setScrollTop(event.currentTarget.scrollTop)}
    >
      <li class="qjm-sets-space" aria-hidden="true" style={{ height: `${total}px` }} />
      {positions.map((i) => {
        const line = lineAt(state, i);
        return (
          <li
            key={line === undefined ? i : keyOf(line)}
            class="qjm-set"
            aria-posinset={i + 1}
            aria-setsize={rows}
            style={{ transform: `translateY(${topOf(layout, i)}px)` }}
          >
            {line !== undefined && "group" in line && (
              <GroupRow state={state} actions={actions} group={line} now={now} />
            )}
            {line !== undefined && "id" in line && (
              <SetRow
                state={state}
                actions={actions}
                set={line}
                now={now}
                expanded={i === open}
                drawerId={drawerId}
                onToggle={toggle}
                onDrawerHeight={setDrawerHeight}
              />
            )}
          </li>
        );
      })}
    </ul>
  );
}
