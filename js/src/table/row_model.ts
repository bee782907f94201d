/** The content of a row as strings and plain values, which compare equal while nothing changes. Pure. */

import type { Action, RowAction, Status } from "../protocol/wire";
import {
  allows,
  cancelRequested,
  currentRow,
  hasFailedCircuits,
  pendingAction,
  type Span,
  spanOf,
  statusOf,
  times,
} from "../state/selectors";
import type { State } from "../state/state";
import { age, count, duration } from "../text";

export interface RowModel {
  readonly status: Status;
  /** Whether the job is done but some of its circuits failed. */
  readonly someFailed: boolean;
  readonly span: string;
  readonly note: string;
  readonly queue: string;
  readonly since: string;
  readonly waited: string;
  readonly ran: string;
  readonly attempts: string;
  readonly qpu: string;
  readonly jobId: string;
  /** The pending command of this row. */
  readonly pending: Action | null;
  /** The action of the row's button. "review" opens the drawer: a held job needs an explanation first. */
  readonly action: RowAction | "review" | null;
  /** Whether the set allows the action. */
  readonly allowed: boolean;
}

export function rowModelOf(state: State, row: number, now: number): RowModel {
  const details = currentRow(state, row);
  const status = statusOf(state, row);
  const { since, waited, ran } = times(state, row, now);
  const action = actionOf(details?.can ?? []);
  return {
    status,
    someFailed: hasFailedCircuits(state, row),
    span: spanText(spanOf(state.runs, row), state.head?.circuits),
    note: noteOf(state, row),
    queue: details?.queue == null ? "" : count(details.queue),
    since: since === null ? "" : isOver(status) ? age(since) : duration(since),
    waited: durationText(waited),
    ran: durationText(ran),
    attempts: details === null ? "" : String(details.attempt),
    qpu: durationText(details?.qpu ?? null),
    jobId: details?.jobId ?? "",
    pending: pendingAction(state, row),
    action,
    allowed: action === "review" || (action !== null && allows(state, action)),
  };
}

function actionOf(can: readonly RowAction[]): RowModel["action"] {
  return can.includes("retry_held") ? "review" : (can[0] ?? null);
}

function durationText(ms: number | null): string {
  return ms === null ? "" : duration(ms);
}

function isOver(status: Status): boolean {
  return status === "done" || status === "error" || status === "cancelled";
}

export function noteOf(state: State, row: number): string {
  const note = currentRow(state, row)?.note ?? "";
  return note === "" && cancelRequested(state, row) ? "cancellation requested" : note;
}

/** The span with the word "circuit" or "circuits", if it names any. */
export function circuitsText(span: string): string {
  if (span !== cellText(span)) return span;
  return `${/^\d+–/.test(span) ? "circuits" : "circuit"} ${span}`;
}

/** The span as it is written below the heading "Points" or "Circuits". */
export function cellText(span: string): string {
  return span.replace(/^points /, "");
}

/** The only circuit of a set is not named where its points are. */
export function spanText(span: Span | null, circuits = 0): string {
  if (span === null) return "";
  const alone = circuits === 1 && span.points !== null;
  const parts = alone ? [] : [rangeText(span.start, span.stop)];
  if (span.points !== null) parts.push(`points ${rangeText(...span.points)}`);
  if (span.pieces > 1) parts.push(`${span.piece + 1}/${span.pieces}`);
  return parts.join(" · ");
}

function rangeText(start: number, stop: number): string {
  return stop - start === 1 ? String(start) : `${start}–${stop - 1}`;
}
