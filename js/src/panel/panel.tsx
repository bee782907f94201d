/** The panel, and the state of this view alone: filter, order, selection, tab and choice of counts. */

import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { PlotlyApi } from "../charts/plotly";
import { TextWithCode } from "../components/action_labels";
import { Button } from "../components/button";
import type { RowRange } from "../components/virtual_rows";
import {
  type Axes,
  type Choice,
  DEFAULT_AXES,
  DEFAULT_CHOICE,
  type Head,
  type Query,
  type SortKey,
  type Status,
} from "../protocol/wire";
import type { Actions } from "../state/actions";
import { countStatuses, secondsLeft } from "../state/selectors";
import type { State } from "../state/state";
import { JobTable } from "../table/job_table";
import { rowsFor, SORTS_ALONE } from "../table/local_query";
import { NOTHING } from "../table/selection";
import { TableTools } from "../table/table_tools";
import { sentence } from "../text";
import { Announcer } from "./announcer";
import { Header } from "./header";
import { Progress } from "./progress";
import { SidePane, type Tab } from "./side_pane";
import { Teaching } from "./teaching";

interface Props {
  state: State;
  actions: Actions;
  /** Null until Plotly is loaded, and always if it cannot be loaded. */
  plotly: PlotlyApi | null;
}

export function Panel({ state, actions, plotly }: Props) {
  const { head } = state;
  return (
    // JupyterLab's shortcuts (Enter, arrows, digits) would otherwise act on the notebook.
    <div class="qjm-panel" data-lm-suppress-shortcuts="true">
      <Notice state={state} onDismiss={actions.dismiss} />
      {head === null ? (
        <p class="qjm-empty">
          {state.connection === "disconnected"
            ? "Nothing to show: not connected to a kernel, or it is busy."
            : "Waiting for the kernel…"}
        </p>
      ) : (
        <Content state={state} head={head} actions={actions} plotly={plotly} />
      )}
    </div>
  );
}

const ALL: Query = { text: "", statuses: [], sort: "job", down: false };

function isAll({ text, statuses, sort, down }: Query): boolean {
  return text === "" && statuses.length === 0 && sort === "job" && !down;
}

function Content({ state, head, actions, plotly }: Props & { head: Head }) {
  const [choice, setChoice] = useState<Choice>(
    head.first === "circuit" ? { ...DEFAULT_CHOICE, circuit: 0 } : DEFAULT_CHOICE,
  );
  const [axes, setAxes] = useState<Axes>(DEFAULT_AXES);
  const [tab, setTab] = useState<Tab>(head.first === "sweep" ? "sweep" : "counts");
  const [query, setQuery] = useState(ALL);
  const [selection, setSelection] = useState(NOTHING);
  const search = useRef<HTMLInputElement>(null);
  const rows = useRef<RowRange>({ first: 0, last: 0 });
  const shownChoice = tab === "counts" ? choice : null;
  const shownAxes = tab === "sweep" ? axes : null;
  const counting = head.waiting !== null && head.waiting.until !== null;
  const connected = state.connection === "connected";
  const now = useNow(connected && (counting || !head.settled));
  const counts = useMemo(() => countStatuses(state.statuses), [state.statuses]);
  const activeQuery = isAll(query) ? null : query;
  const order = useOrder(state, activeQuery);

  const sendViewport = () =>
    actions.setViewport({
      ...rows.current,
      choice: shownChoice,
      sweep: shownAxes,
      query: activeQuery,
    });
  const newestSendViewport = useRef(sendViewport);
  newestSendViewport.current = sendViewport;
  useEffect(sendViewport, [actions, shownChoice, shownAxes, query]);
  // Row numbers change when a job is cut in halves.
  useEffect(() => setSelection(NOTHING), [state.statuses.length]);
  // This is a ref, so that scrolling renders only the table.
  const onRange = useCallback((next: RowRange) => {
    rows.current = next;
    newestSendViewport.current();
  }, []);
  const sorts = useCallback((key: SortKey) => connected || SORTS_ALONE.includes(key), [connected]);
  const onSort = useCallback((key: SortKey) => setQuery((old) => sortedBy(old, key)), []);
  const onText = useCallback((text: string) => setQuery((old) => ({ ...old, text })), []);
  const onShowAll = () => setQuery((old) => ({ ...old, text: "", statuses: [] }));
  const onFilter = (status: Status) =>
    setQuery((old) => ({
      ...old,
      statuses: old.statuses.includes(status) ? [] : [status],
    }));
  return (
    <>
      <Header state={state} head={head} actions={actions} />
      <Progress
        state={state}
        head={head}
        actions={actions}
        now={now}
        left={secondsLeft(state, now)}
        counts={counts}
        filter={query.statuses}
        onFilter={onFilter}
      />
      {head.teaching && <Teaching state={state} />}
      <div class="qjm-body">
        <div class="qjm-jobs">
          <TableTools
            state={state}
            actions={actions}
            query={query}
            found={order === null ? state.statuses.length : order.length}
            selection={selection}
            inputRef={search}
            onText={onText}
            onShowAll={onShowAll}
            onClear={() => setSelection(NOTHING)}
          />
          <JobTable
            state={state}
            actions={actions}
            now={now}
            order={order}
            query={query}
            sorts={sorts}
            selection={selection}
            onSort={onSort}
            onSelection={setSelection}
            onRange={onRange}
            onSearch={() => search.current?.focus()}
            onShowAll={onShowAll}
          />
        </div>
        <SidePane
          state={state}
          head={head}
          actions={actions}
          plotly={plotly}
          now={now}
          tab={tab}
          choice={choice}
          axes={axes}
          onTab={setTab}
          onChoice={setChoice}
          onAxes={setAxes}
        />
      </div>
      <Announcer text={announcement(head)} />
    </>
  );
}

/** The rows of the query in their order: from the kernel, or computed here without one. */
function useOrder(state: State, query: Query | null): Uint32Array | null {
  const offline = state.connection !== "connected" && query !== null;
  const local = useMemo(
    () => (offline ? rowsFor(state, query) : null),
    [offline, query, state.statuses, state.rows],
  );
  if (query === null) return null;
  return offline ? local : state.order;
}

/** Cycle through ascending, descending and the default order. */
function sortedBy(query: Query, key: SortKey): Query {
  if (query.sort !== key) return { ...query, sort: key, down: false };
  if (!query.down) return { ...query, down: true };
  return { ...query, sort: "job", down: false };
}

/** Progress for screen readers, without the seconds of the countdown. */
function announcement({ lead, line, waiting, owner, stale }: Head): string {
  const parts = [
    sentence(lead, line),
    waiting?.text,
    owner === null ? "" : `driven by ${owner}`,
    stale === null ? "" : "the backend does not answer",
  ];
  return parts.filter(Boolean).join(". ");
}

function Notice({ state, onDismiss }: { state: State; onDismiss: () => void }) {
  const { problem, notice } = state;
  if (problem === null && notice === null) return null;
  const isRefusal = problem === null && notice?.refused === true;
  return (
    <div class={`qjm-notice${isRefusal ? " qjm-notice-calm" : ""}`} role="alert">
      <div>
        {problem !== null && <p>{problem}</p>}
        {notice !== null && (
          <p>
            <TextWithCode text={notice.text} />
          </p>
        )}
      </div>
      <Button small onClick={onDismiss}>
        Dismiss
      </Button>
    </div>
  );
}

/** The page's clock, updated once a second while `ticking`. */
function useNow(ticking: boolean): number {
  const [, tick] = useState(0);
  useEffect(() => {
    if (!ticking) return;
    const timer = setInterval(() => tick((n) => n + 1), 1_000);
    return () => clearInterval(timer);
  }, [ticking]);
  return Date.now();
}
