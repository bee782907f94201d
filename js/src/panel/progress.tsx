/** The progress bar and its legend; a chip of the legend filters by its status. */

import { PENDING_LABELS } from "../components/action_labels";
import { Button } from "../components/button";
import { BAR_ORDER, STATUS_LABELS, StatusIcon } from "../components/status";
import type { Head, Status } from "../protocol/wire";
import type { Actions } from "../state/actions";
import { kernelNow, pendingForAll, timeLeft } from "../state/selectors";
import type { State } from "../state/state";
import { about, count, duration, plural } from "../text";

interface Props {
  state: State;
  head: Head;
  actions: Actions;
  now: number;
  /** Seconds until the next submission; null if unknown. */
  left: number | null;
  counts: ReadonlyMap<Status, number>;
  /** The statuses that the table is filtered by; empty for all. */
  filter: readonly Status[];
  onFilter: (status: Status) => void;
}

export function Progress({ state, head, actions, now, left, counts, filter, onFilter }: Props) {
  const present = BAR_ORDER.filter((status) => (counts.get(status) ?? 0) > 0);
  // A selected status stays in the legend, so that it can be deselected.
  const chips = BAR_ORDER.filter((status) => present.includes(status) || filter.includes(status));
  const summary = present.map(
    (status) => `${count(counts.get(status) ?? 0)} ${STATUS_LABELS[status]}`,
  );
  return (
    <div class="qjm-progress">
      <div class="qjm-bar" role="img" aria-label={`Jobs: ${summary.join(", ") || "none"}`}>
        {present.map((status) => (
          <span
            key={status}
            class={`qjm-segment qjm-is-${status}`}
            style={{ flexGrow: counts.get(status) ?? 0 }}
          />
        ))}
      </div>
      <div class="qjm-under">
        <div class="qjm-lines">
          <p class="qjm-line">
            <b>{head.lead}</b>
            {head.line !== "" && `, ${head.line}`}
          </p>
          <Next state={state} head={head} now={now} left={left} />
          <Stale state={state} head={head} now={now} actions={actions} />
        </div>
        <div class="qjm-legend" role="group" aria-label="Show only jobs of a status">
          {chips.map((status) => (
            <button
              key={status}
              type="button"
              class="qjm-chip"
              aria-pressed={filter.includes(status)}
              aria-label={`${STATUS_LABELS[status]}: ${plural(counts.get(status) ?? 0, "job")}`}
              title={filter.includes(status) ? "Show all jobs" : "Show only these jobs"}
              onClick={() => onFilter(status)}
            >
              <StatusIcon status={status} />
              {STATUS_LABELS[status]} <b>{count(counts.get(status) ?? 0)}</b>
            </button>
          ))}
        </div>
      </div>
    </div>
  );
}

/** Next submission, time left, duration and QPU time. */
function Next({ state, head, now, left }: Pick<Props, "state" | "head" | "now" | "left">) {
  const end = timeLeft(state, now);
  const parts = [
    head.waiting === null ? "" : waitingText(head.waiting.text, left),
    end === null ? "" : `${about(end)} left`,
    head.took === null ? "" : `took ${duration(head.took)}`,
    head.qpu === null ? "" : `QPU ${duration(head.qpu)}`,
  ].filter((part) => part !== "");
  return parts.length === 0 ? null : <p class="qjm-line qjm-waiting">{parts.join(" · ")}</p>;
}

/** Since when polls fail, and when the next one is. */
function Stale({ state, head, now, actions }: Pick<Props, "state" | "head" | "now" | "actions">) {
  const { stale } = head;
  if (stale === null) return null;
  const at = kernelNow(state, now);
  const next = state.connection === "connected" ? stale.next : null;
  const left = next === null ? 0 : Math.ceil((next - at) / 1_000);
  const asking = pendingForAll(state, "ask");
  return (
    <p class="qjm-line qjm-stale">
      {`Statuses are ${duration(Math.max(0, at - stale.since))} old: polling fails with `}
      <bdi>{stale.text}</bdi>
      {next !== null && (
        <>
          {`, asks again ${inTime(left)} `}
          <Button small disabled={asking} onClick={() => actions.command("ask", null)}>
            {asking ? PENDING_LABELS.ask : "Ask now"}
          </Button>
        </>
      )}
    </p>
  );
}

/** Seconds as a time from now. */
function inTime(left: number): string {
  return left > 0 ? `in ${duration(1_000 * left)}` : "now";
}

function waitingText(text: string, left: number | null): string {
  if (left === null) return text;
  const next = `next submission ${inTime(left)}`;
  return text === "" ? next : `${text}, ${next}`;
}
