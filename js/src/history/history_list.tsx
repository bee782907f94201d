/** Every job set of a store, newest first: what to search for, and those in sight. */
import { useCallback, useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Layout, topOf, totalHeight, windowOf } from "../components/virtual_rows";
import { count, plural } from "../text";
import { HistoryHead } from "./history_head";
import type { HistoryActions } from "./history_session";
import { type HistoryState, isNoQuery, setAt } from "./history_state";
import { SetRow } from "./set_row";

const WIDE_ROW = 54;
const NARROW_ROW = 80;
/** Pixels of width below which a row takes three lines. */
const NARROW = 620;
const ROWS_IN_SIGHT = 7;
const OVERSCAN = 8;
/** More than there are in sight, with the largest drawer shut. */
const ASKED_FOR = 30;

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
          {state.connection === "silent"
            ? "Nothing to show: not connected to a kernel."
            : "Waiting for the kernel…"}
        </p>
      ) : listing.total === 0 ? (
        <p class="qjm-empty">
          <span>
            No job sets yet: <code>manager.run(circuits, backend)</code> makes the first one.
          </span>
        </p>
      ) : (
        <>
          <HistoryHead state={state} listing={listing} actions={actions} />
          <p class="qjm-matching" role="status">
            {!isNoQuery(state.query) &&
              (listing.matching === 0
                ? "No set is like that."
                : `${count(listing.matching)} of ${plural(listing.total, "set")}`)}
          </p>
          <Rows state={state} actions={actions} now={now} matching={listing.matching} />
        </>
      )}
    </div>
  );
}

function Rows({ state, actions, now, matching }: Props & { matching: number }) {
  const scroller = useRef<HTMLUListElement>(null);
  const [scrollTop, setScrollTop] = useState(0);
  const [narrow, setNarrow] = useState(false);
  const [opened, setOpened] = useState<string | null>(null);
  const [drawerHeight, setDrawerHeight] = useState(0);
  const drawerId = useId();

  const shownSets = state.listing?.sets ?? [];
  const place = shownSets.findIndex(({ id }) => id === opened);
  const open = place < 0 ? -1 : place + (state.listing?.first ?? 0);
  const rowHeight = narrow ? NARROW_ROW : WIDE_ROW;
  const layout: Layout = { rows: matching, rowHeight, open, drawerHeight };
  const total = totalHeight(layout);
  const height = Math.min(total, ROWS_IN_SIGHT * rowHeight + (open < 0 ? 0 : drawerHeight / 2));
  const { first, last } = windowOf(layout, scrollTop, height, OVERSCAN);

  // As many whatever fits: a search that finds fewer sets asks once.
  useEffect(() => actions.look(first, first + ASKED_FOR), [actions, first]);
  // Another search begins at its start.
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

  const places: number[] = [];
  for (let i = first; i < last; i++) places.push(i);
  return (
    <ul
      class={`qjm-sets${narrow ? " qjm-sets-narrow" : ""}`}
      aria-label="Job sets, newest first"
      ref={scroller}
      style={{ height: `${height}px`, "--qjm-set-row": `${rowHeight}px` }}
      onScroll={(event) => setScrollTop(event.currentTarget.scrollTop)}
    >
      <li class="qjm-sets-space" aria-hidden="true" style={{ height: `${total}px` }} />
      {places.map((i) => {
        const set = setAt(state, i);
        return (
          <li
            key={set?.id ?? i}
            class="qjm-set"
            aria-posinset={i + 1}
            aria-setsize={matching}
            style={{ transform: `translateY(${topOf(layout, i)}px)` }}
          >
            {set !== undefined && (
              <SetRow
                state={state}
                actions={actions}
                set={set}
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
