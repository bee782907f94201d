/** The drawer below an open row: details and actions of the job. */

import { useEffect } from "preact/hooks";
import { ACTION_LABELS, PENDING_LABELS } from "../components/action_labels";
import { Button } from "../components/button";
import { CopyId } from "../components/copy_id";
import { STATUS_LABELS } from "../components/status";
import type { Actions } from "../state/actions";
import {
  allows,
  currentRow,
  hasFailedCircuits,
  pendingAction,
  spanOf,
  statusOf,
  times,
} from "../state/selectors";
import type { State } from "../state/state";
import { count, duration } from "../text";
import { Circuits } from "./circuits";
import { circuitsText, noteOf, spanText } from "./row_model";

interface Props {
  state: State;
  actions: Actions;
  row: number;
  id: string;
  now: number;
}

export function Drawer({ state, actions, row, id, now }: Props) {
  const status = statusOf(state, row);
  const details = state.details.get(row);
  const line = currentRow(state, row);
  const span = spanOf(state.runs, row);
  const someFailed = hasFailedCircuits(state, row);
  const pending = pendingAction(state, row);
  const connected = state.connection === "connected";

  // Request the details again whenever the job has changed.
  useEffect(() => {
    if (connected) actions.detail(row);
  }, [actions, row, connected, status, someFailed, line?.attempt]);

  return (
    <section class="qjm-drawer" id={id} aria-label={`Details of job ${row}`}>
      <p class="qjm-drawer-title">
        <bdi>{details?.title ?? `Job ${row}, ${circuitsText(spanText(span))}`}</bdi>
        <span class="qjm-muted">{` · ${facts(state, row, now).join(" · ")}`}</span>
      </p>
      {details === undefined && (
        <p class="qjm-muted">{connected ? "Loading details…" : "Details need a kernel."}</p>
      )}
      {details?.error != null && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard has to scroll a long text
        <pre class="qjm-error" tabIndex={0} role="region" aria-label="Error text">
          {details.error}
        </pre>
      )}
      {details !== undefined && details.history.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard has to scroll a long history
        <ol class="qjm-history-lines" tabIndex={0} aria-label="History">
          {details.history.map((entry, i) => (
            <li key={i}>
              <bdi>{entry}</bdi>
            </li>
          ))}
        </ol>
      )}
      {status === "held" && line?.can.includes("retry_held") && (
        <p class="qjm-drawer-hint">
          This job may have been sent already. If it is sent again, it may run twice.
        </p>
      )}
      <div class="qjm-drawer-foot">
        {pending !== null ? (
          <span class="qjm-sent">{PENDING_LABELS[pending]}</span>
        ) : (
          line?.can.map((action) => (
            <Button
              key={action}
              small
              disabled={!allows(state, action)}
              onClick={() => actions.command(action, [row])}
            >
              {ACTION_LABELS[action]}
            </Button>
          ))
        )}
        {line?.jobId != null && (
          <span class="qjm-job-id">
            <span class="qjm-muted">Job id</span> <CopyId id={line.jobId} />
          </span>
        )}
      </div>
      {span !== null && (
        <Circuits state={state} actions={actions} row={row} circuits={span.stop - span.start} />
      )}
    </section>
  );
}

/** Facts that columns show too, because a narrow table has few columns. */
function facts(state: State, row: number, now: number): string[] {
  const line = currentRow(state, row);
  const { waited, ran } = times(state, row, now);
  return [
    STATUS_LABELS[statusOf(state, row)],
    state.details.get(row)?.error == null ? noteOf(state, row) : "",
    line?.queue == null ? "" : `position ${count(line.queue)} in the queue`,
    waited === null ? "" : `waited ${duration(waited)}`,
    ran === null ? "" : `ran ${duration(ran)}`,
    line?.qpu == null ? "" : `QPU ${duration(line.qpu)}`,
  ].filter((fact) => fact !== "");
}
