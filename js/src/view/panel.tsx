/** The whole panel, and what is the page's own: where the reader is and what is chosen. */

import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import type { Actions } from "../actions";
import { histogramFor, nextWithStatus, secondsLeft, tally } from "../derive";
import type { PlotlyApi } from "../plotly";
import type { State } from "../state";
import type { Head, Status } from "../wire";
import { Announcer } from "./announcer";
import { Button } from "./button";
import { type Choice, Counts, FIRST_TOP } from "./counts";
import { Header } from "./header";
import { JobTable } from "./job_table";
import { Progress } from "./progress";
import type { Window } from "./rows";
import { Words } from "./words";

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
            ? "Nothing to show: not connected to a kernel."
            : "Waiting for the kernel…"}
        </p>
      ) : (
        <Content state={state} head={head} actions={actions} plotly={plotly} />
      )}
    </div>
  );
}

function Content({ state, head, actions, plotly }: Props & { head: Head }) {
  const [choice, setChoice] = useState<Choice>({ circuit: null, top: FIRST_TOP });
  const [rows, setRows] = useState<Window>({ first: 0, last: 0 });
  const [current, setCurrent] = useState(0);
  const [goal, setGoal] = useState<{ row: number; times: number } | null>(null);
  const counting = head.waiting !== null && head.waiting.until !== null;
  const now = useNow(state.connection === "connected" && (counting || !head.settled));
  const counts = useMemo(() => tally(state.statuses), [state.statuses]);

  useEffect(() => actions.look({ ...rows, ...choice }), [actions, rows, choice]);
  const onWindow = useCallback(
    (next: Window) =>
      setRows((old) => (old.first === next.first && old.last === next.last ? old : next)),
    [],
  );
  const jump = (status: Status) => {
    const row = nextWithStatus(state.statuses, status, current);
    if (row >= 0) setGoal((old) => ({ row, times: (old?.times ?? 0) + 1 }));
  };
  return (
    <>
      <Header state={state} head={head} actions={actions} />
      <Progress head={head} left={secondsLeft(state, now)} tally={counts} onJump={jump} />
      <div class="qjm-body">
        <JobTable
          state={state}
          actions={actions}
          now={now}
          goal={goal}
          current={current}
          onCurrent={setCurrent}
          onWindow={onWindow}
        />
        <Counts
          head={head}
          histogram={histogramFor(state, choice.circuit, choice.top)}
          choice={choice}
          connected={state.connection !== "silent"}
          plotly={plotly}
          onChoice={setChoice}
        />
      </div>
      <Announcer text={spoken(head)} />
    </>
  );
}

/** How the set stands, without the seconds that are counted down: nobody wants to hear those. */
function spoken({ lead, line, waiting, owner }: Head): string {
  const parts = [lead, line, waiting?.text, owner === null ? "" : `driven by ${owner}`];
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
