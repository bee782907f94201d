/** The bar of all jobs, and under it the same in words; a word shows only its jobs. */

import { BAR_ORDER, STATUS_WORDS, StatusIcon } from "../components/status";
import type { Head, Status } from "../protocol/wire";
import { timeLeft, unheardFor } from "../state/selectors";
import type { State } from "../state/state";
import { about, count, duration, plural } from "../text";

interface Props {
  state: State;
  head: Head;
  now: number;
  /** Seconds until the next submission; null where that is not known. */
  left: number | null;
  tally: ReadonlyMap<Status, number>;
  /** The statuses that are shown alone; none for all. */
  chosen: readonly Status[];
  onChosen: (status: Status) => void;
}

export function Progress({ state, head, now, left, tally, chosen, onChosen }: Props) {
  const present = BAR_ORDER.filter((status) => (tally.get(status) ?? 0) > 0);
  // One that is chosen stays, to be let go of.
  const chips = BAR_ORDER.filter((status) => present.includes(status) || chosen.includes(status));
  const inWords = present.map(
    (status) => `${count(tally.get(status) ?? 0)} ${STATUS_WORDS[status]}`,
  );
  return (
    <div class="qjm-progress">
      <div class="qjm-bar" role="img" aria-label={`Jobs: ${inWords.join(", ") || "none"}`}>
        {present.map((status) => (
          <span
            key={status}
            class={`qjm-segment qjm-is-${status}`}
            style={{ flexGrow: tally.get(status) ?? 0 }}
          />
        ))}
      </div>
      <div class="qjm-under">
        <div class="qjm-lines">
          <p class="qjm-line">
            <b>{head.lead}</b>
            {head.line !== "" && ` · ${head.line}`}
          </p>
          <Next state={state} head={head} now={now} left={left} />
          <Stale state={state} head={head} now={now} />
        </div>
        <div class="qjm-legend" role="group" aria-label="Show only jobs of a status">
          {chips.map((status) => (
            <button
              key={status}
              type="button"
              class="qjm-chip"
              aria-pressed={chosen.includes(status)}
              aria-label={`${STATUS_WORDS[status]}: ${plural(tally.get(status) ?? 0, "job")}`}
              title={chosen.includes(status) ? "Shows these; click for all" : "Shows only these"}
              onClick={() => onChosen(status)}
            >
              <StatusIcon status={status} />
              {STATUS_WORDS[status]} <b>{count(tally.get(status) ?? 0)}</b>
            </button>
          ))}
        </div>
      </div>
    </div>
  );
}

/** What comes next and when, and what it has cost. */
function Next({ state, head, now, left }: Pick<Props, "state" | "head" | "now" | "left">) {
  const end = timeLeft(state, now);
  const parts = [
    head.waiting === null ? "" : waitingWords(head.waiting.text, left),
    end === null ? "" : `${about(end)} left`,
    head.took === null ? "" : `took ${duration(head.took)}`,
    head.qpu === null ? "" : `QPU ${duration(head.qpu)}`,
  ].filter((part) => part !== "");
  return parts.length === 0 ? null : <p class="qjm-line qjm-waiting">{parts.join(" · ")}</p>;
}

function Stale({ state, head, now }: Pick<Props, "state" | "head" | "now">) {
  const unheard = unheardFor(state, now);
  if (unheard === null) return null;
  return (
    <p class="qjm-line qjm-stale">
      {`Statuses are ${duration(unheard)} old: asking fails with `}
      <bdi>{head.stale?.text}</bdi>
    </p>
  );
}

function waitingWords(text: string, left: number | null): string {
  if (left === null) return text;
  const next = `next submission ${left > 0 ? `in ${duration(1_000 * left)}` : "now"}`;
  return text === "" ? next : `${text}, ${next}`;
}
