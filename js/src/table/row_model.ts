/** What a job says in its row: texts and plain values, which are equal where nothing has changed. Pure. */

import type { Action, RowAction, Status } from "../protocol/wire";
import {
  allows,
  cancelRequested,
  currentRow,
  isFlawed,
  pendingAction,
  type Span,
  spanOf,
  statusOf,
  times,
} from "../state/selectors";
import type { State } from "../state/state";
import { age, count, duration } from "../text";

export interface Line {
  readonly status: Status;
  /** It is done, and some of its circuits failed. */
  readonly flawed: boolean;
  readonly span: string;
  readonly note: string;
  readonly queue: string;
  readonly since: string;
  readonly waited: string;
  readonly ran: string;
  readonly attempts: string;
  readonly qpu: string;
  readonly jobId: string;
  /** What was sent for it and is not shown yet. */
  readonly sent: Action | null;
  /** What a click does: "decide" opens it, for what to do with a held job needs its story first. */
  readonly offer: RowAction | "decide" | null;
  /** The set as a whole allows that. */
  readonly allowed: boolean;
}

export function lineOf(state: State, row: number, now: number): Line {
  const seen = currentRow(state, row);
  const status = statusOf(state, row);
  const { since, waited, ran } = times(state, row, now);
  const offer = offerOf(seen?.can ?? []);
  return {
    status,
    flawed: isFlawed(state, row),
    span: spanWords(spanOf(state.runs, row)),
    note: noteOf(state, row),
    queue: seen?.queue == null ? "" : count(seen.queue),
    since: since === null ? "" : isOver(status) ? age(since) : duration(since),
    waited: known(waited),
    ran: known(ran),
    attempts: seen === null ? "" : String(seen.attempt),
    qpu: known(seen?.qpu ?? null),
    jobId: seen?.jobId ?? "",
    sent: pendingAction(state, row),
    offer,
    allowed: offer === "decide" || (offer !== null && allows(state, offer)),
  };
}

function offerOf(can: readonly RowAction[]): Line["offer"] {
  return can.includes("retry_held") ? "decide" : (can[0] ?? null);
}

function known(ms: number | null): string {
  return ms === null ? "" : duration(ms);
}

function isOver(status: Status): boolean {
  return status === "done" || status === "error" || status === "cancelled";
}

export function noteOf(state: State, row: number): string {
  const note = currentRow(state, row)?.note ?? "";
  return note === "" && cancelRequested(state, row) ? "cancellation requested" : note;
}

/** With the word before it. */
export function circuitsWords(span: string): string {
  return `${span.includes("–") ? "circuits" : "circuit"} ${span}`;
}

export function spanWords(span: Span | null): string {
  if (span === null) return "";
  const last = span.stop - 1;
  const circuits = last === span.start ? String(last) : `${span.start}–${last}`;
  return span.pieces > 1 ? `${circuits} · ${span.piece + 1}/${span.pieces}` : circuits;
}
