/** The whole panel, and what is the page's own: where the reader is and what is chosen. */

import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { PlotlyApi } from "../charts/plotly";
import { Words } from "../components/action_labels";
import { Button } from "../components/button";
import type { Window } from "../components/virtual_rows";
import {
  type Choice,
  FIRST_CHOICE,
  type Head,
  type Query,
  type SortKey,
  type Status,
} from "../protocol/wire";
import type { Actions } from "../state/actions";
import { secondsLeft, tally } from "../state/selectors";
import type { State } from "../state/state";
import { JobTable } from "../table/job_table";
import { rowsFor, SORTS_ALONE } from "../table/local_query";
import { NOTHING } from "../table/selection";
import { TableTools } from "../table/table_tools";
import { Announcer } from "./announcer";
import { Header } from "./header";
import { Progress } from "./progress";
import { Pane, type Tab } from "./side_pane";
import { Teaching } from "./teaching";

interface Props {
  state: State;
  actions: Actions;
  /** Null until Plotly is here, and for good where it cannot be had. */
  plotly: PlotlyApi | null;
}

export function Panel({ state, actions, plotly }: Props) {
  const { head } = state;
  return (
    // JupyterLab's own keys (Enter, arrows, digits) would act on the notebook while a row has the focus.
    <div class="qjm-panel" data-lm-suppress-shortcuts="true">
      <Notice state={state} onDismiss={actions.dismiss} />
      {head === null ? (
        <p class="qjm-empty">
          {state.connection === "silent"
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
  const [choice, setChoice] = useState<Choice>(FIRST_CHOICE);
  const [tab, setTab] = useState<Tab>("counts");
  const [query, setQuery] = useState(ALL);
  const [selection, setSelection] = useState(NOTHING);
  const search = useRef<HTMLInputElement>(null);
  const rows = useRef<Window>({ first: 0, last: 0 });
  const inSight = tab === "counts" ? choice : null;
  const counting = head.waiting !== null && head.waiting.until !== null;
  const connected = state.connection === "connected";
  const now = useNow(connected && (counting || !head.settled));
  const counts = useMemo(() => tally(state.statuses), [state.statuses]);
  const asked = isAll(query) ? null : query;
  const order = useOrder(state, asked);

  const look = () => actions.look({ ...rows.current, choice: inSight, query: asked });
  const newestLook = useRef(look);
  newestLook.current = look;
  useEffect(look, [actions, inSight, query]);
  // Rows are numbered anew where a job was cut in halves.
  useEffect(() => setSelection(NOTHING), [state.statuses.length]);
  // Kept beside the state: while the table scrolls, nothing else is drawn again.
  const onWindow = useCallback((next: Window) => {
    rows.current = next;
    newestLook.current();
  }, []);
  const sorts = useCallback((key: SortKey) => connected || SORTS_ALONE.includes(key), [connected]);
  const onSort = useCallback((key: SortKey) => setQuery((old) => sortedBy(old, key)), []);
  const onText = useCallback((text: string) => setQuery((old) => ({ ...old, text })), []);
  const onAll = () => setQuery((old) => ({ ...old, text: "", statuses: [] }));
  const onChosen = (status: Status) =>
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
        now={now}
        left={secondsLeft(state, now)}
        tally={counts}
        chosen={query.statuses}
        onChosen={onChosen}
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
            onAll={onAll}
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
            onWindow={onWindow}
            onSearch={() => search.current?.focus()}
            onAll={onAll}
          />
        </div>
        <Pane
          state={state}
          head={head}
          actions={actions}
          plotly={plotly}
          now={now}
          tab={tab}
          choice={choice}
          onTab={setTab}
          onChoice={setChoice}
        />
      </div>
      <Announcer text={spoken(head)} />
    </>
  );
}

/** The kernel's answer to the query; the page's own where no kernel answers. */
function useOrder(state: State, query: Query | null): Uint32Array | null {
  const alone = state.connection !== "connected" && query !== null;
  const own = useMemo(
    () => (alone ? rowsFor(state, query) : null),
    [alone, query, state.statuses, state.rows],
  );
  if (query === null) return null;
  return alone ? own : state.order;
}

/** Once up, once down, and then as it was. */
function sortedBy(query: Query, key: SortKey): Query {
  if (query.sort !== key) return { ...query, sort: key, down: false };
  if (!query.down) return { ...query, down: true };
  return { ...query, sort: "job", down: false };
}

/** How the set stands, without the seconds that are counted down: nobody wants to hear those. */
function spoken({ lead, line, waiting, owner, stale }: Head): string {
  const parts = [
    lead,
    line,
    waiting?.text,
    owner === null ? "" : `driven by ${owner}`,
    stale === null ? "" : "the backend does not answer",
  ];
  return parts.filter(Boolean).join(". ");
}

function Notice({ state, onDismiss }: { state: State; onDismiss: () => void }) {
  const { problem, notice } = state;
  if (problem === null && notice === null) return null;
  const calm = problem === null && notice?.refused === true;
  return (
    <div class={`qjm-notice${calm ? " qjm-notice-calm" : ""}`} role="alert">
      <div>
        {problem !== null && <p>{problem}</p>}
        {notice !== null && (
          <p>
            <Words text={notice.text} />
          </p>
        )}
      </div>
      <Button small onClick={onDismiss}>
        Dismiss
      </Button>
    </div>
  );
}

/** The page's clock, once a second while something moves. */
function useNow(ticking: boolean): number {
  const [, tick] = useState(0);
  useEffect(() => {
    if (!ticking) return;
    const timer = setInterval(() => tick((n) => n + 1), 1_000);
    return () => clearInterval(timer);
  }, [ticking]);
  return Date.now();
}
