/** Selectors: values that views derive from the state. Pure. */

import {
  type Action,
  CANCEL_REQUESTED,
  type Choice,
  choiceKey,
  type Histogram,
  type RowAction,
  type Run,
  SOME_FAILED,
  STATUS_MASK,
  STATUSES,
  type Status,
  UNRETRYABLE,
} from "../protocol/wire";
import type { ReceivedRow, State } from "./state";

export interface Span {
  readonly start: number;
  readonly stop: number;
  /** Counted from 0. */
  readonly piece: number;
  readonly pieces: number;
  /** The first point and the point after the last; null for all points. */
  readonly points: readonly [number, number] | null;
}

/** The circuits of a row; null beyond the layout. */
export function spanOf(runs: readonly Run[], row: number): Span | null {
  let first = 0;
  for (const [start, size, pieces, spans, from, step, end] of runs) {
    const within = row - first;
    if (within >= 0 && within < pieces * spans) {
      const place = Math.floor(within / pieces);
      const piece = within % pieces;
      if (from === undefined || step === undefined || end === undefined) {
        const at = start + place * size;
        return { start: at, stop: at + size, piece, pieces, points: null };
      }
      const at = from + place * step;
      return { start, stop: start + size, piece, pieces, points: [at, Math.min(at + step, end)] };
    }
    first += pieces * spans;
  }
  return null;
}

export function statusOf(state: State, row: number): Status {
  return STATUSES[(state.statuses[row] ?? 0) & STATUS_MASK] ?? "not_sent";
}

export function cancelRequested(state: State, row: number): boolean {
  return ((state.statuses[row] ?? 0) & CANCEL_REQUESTED) !== 0;
}

/** Whether the job is done and some of its circuits failed. */
export function hasFailedCircuits(state: State, row: number): boolean {
  return ((state.statuses[row] ?? 0) & SOME_FAILED) !== 0;
}

/** The row at a position. */
export function rowAt(order: Uint32Array | null, position: number): number {
  return order === null ? position : (order[position] ?? -1);
}

/** The position of a row; -1 if the query does not match it. */
export function positionOf(order: Uint32Array | null, row: number): number {
  return order === null ? row : order.indexOf(row);
}

/** Details of a row, unless its status has changed since they arrived. */
export function currentRow(state: State, row: number): ReceivedRow | null {
  const details = state.rows.get(row);
  return details !== undefined && details.status === statusOf(state, row) ? details : null;
}

export function countStatuses(statuses: Uint8Array): ReadonlyMap<Status, number> {
  const counts = new Uint32Array(STATUS_MASK + 1);
  for (let row = 0; row < statuses.length; row++) {
    const status = (statuses[row] ?? 0) & STATUS_MASK;
    counts[status] = (counts[status] ?? 0) + 1;
  }
  return new Map(STATUSES.map((status, i) => [status, counts[i] ?? 0]));
}

/** Possible actions of a row by its status alone, for rows without details. */
export function actionsOf(state: State, row: number): RowAction[] {
  const status = statusOf(state, row);
  const retryable = ((state.statuses[row] ?? 0) & UNRETRYABLE) === 0;
  if (status === "error" || hasFailedCircuits(state, row)) return retryable ? ["retry"] : [];
  if (status === "held" && retryable) return ["retry_held", "cancel"];
  const over = status === "done" || status === "cancelled" || cancelRequested(state, row);
  return over ? [] : ["cancel"];
}

/** The pending command of a row. A command to all rows counts if it applies to the row. */
export function pendingAction(state: State, row: number): Action | null {
  for (const command of state.commands.values()) {
    if (command.phase === "timed_out") continue;
    const covers =
      command.rows === null
        ? (currentRow(state, row)?.can.some((action) => action === command.do) ?? false)
        : command.rows.includes(row);
    if (covers) return command.do;
  }
  return null;
}

/** Whether a command to all rows is pending. */
export function pendingForAll(state: State, action: Action): boolean {
  for (const command of state.commands.values()) {
    if (command.rows === null && command.do === action && command.phase !== "timed_out")
      return true;
  }
  return false;
}

/** Whether the set allows the action. Row details are older than the head, so their actions may be outdated. */
export function allows(state: State, action: RowAction): boolean {
  return state.connection === "connected" && (state.head?.can[action] ?? 0) > 0;
}

/** Whether any row has an action. */
export function anyRowHasAction(state: State): boolean {
  const can = state.head?.can;
  return can !== undefined && can.cancel + can.retry + can.retry_held > 0;
}

/**
 * Seconds until the next submission, 0 when it is due; null if unknown. A saved state has no countdown, because
 * no kernel submits.
 */
export function secondsLeft(state: State, at: number): number | null {
  const until = state.head?.waiting?.until ?? null;
  if (until === null || state.connection !== "connected") return null;
  return Math.max(0, Math.ceil((until - kernelNow(state, at)) / 1_000));
}

/** Estimated milliseconds until the last job ends; null where unknown. */
export function timeLeft(state: State, at: number): number | null {
  const ends = state.head?.ends ?? null;
  if (ends === null || state.connection !== "connected") return null;
  return Math.max(0, ends - kernelNow(state, at));
}

/** The kernel's clock at the page's time `at`. It stands still without a kernel. */
export function kernelNow(state: State, at: number): number {
  if (state.head === null) return at;
  if (state.connection !== "connected") return state.head.now;
  return state.head.now + Math.max(0, at - state.receivedAt);
}

/** Milliseconds that a row has waited, has run, and has been in its status. */
export function times(
  state: State,
  i: number,
  at: number,
): { waited: number | null; ran: number | null; since: number | null } {
  const row = currentRow(state, i);
  if (row === null) return { waited: null, ran: null, since: null };
  const now = kernelNow(state, at);
  const growing = (value: number | null): number | null => {
    if (value !== null) return value + Math.max(0, now - row.at);
    return row.since === null ? null : Math.max(0, now - row.since);
  };
  const waiting = row.status === "queued" || row.status === "sending";
  return {
    waited: waiting ? growing(row.waited) : row.waited,
    ran: row.status === "running" ? growing(row.ran) : row.ran,
    since: row.since === null ? null : Math.max(0, now - row.since),
  };
}

/** The histogram of a choice. Until it arrives, one that differs only in the maximum number of outcomes. */
export function histogramFor(state: State, choice: Choice): Histogram | undefined {
  const wanted = choiceKey({ ...choice, top: 0 });
  return (
    state.histograms.get(choiceKey(choice)) ??
    [...state.histograms.values()].find(
      (other) => choiceKey({ ...other.choice, top: 0 }) === wanted,
    )
  );
}
