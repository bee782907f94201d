/** The bar of all jobs, and under it the same in words; a word takes the reader to its next job. */

import { count, duration, plural } from "../text";
import type { Head, Status } from "../wire";
import { BAR_ORDER, STATUS_WORDS, StatusIcon } from "./status";

interface Props {
  head: Head;
  /** Seconds until the next submission; null where that is not known. */
  left: number | null;
  tally: ReadonlyMap<Status, number>;
  onJump: (status: Status) => void;
}

export function Progress({ head, left, tally, onJump }: Props) {
  const present = BAR_ORDER.filter((status) => (tally.get(status) ?? 0) > 0);
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
          {head.waiting !== null && (
            <p class="qjm-line qjm-waiting">{waitingWords(head.waiting.text, left)}</p>
          )}
        </div>
        <div class="qjm-legend" role="group" aria-label="Go to the next job by status">
          {present.map((status) => (
            <button
              key={status}
              type="button"
              class="qjm-chip"
              aria-label={`${STATUS_WORDS[status]}: ${plural(tally.get(status) ?? 0, "job")}. Go to the next one`}
              title={`Go to the next job: ${STATUS_WORDS[status]}`}
              onClick={() => onJump(status)}
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

function waitingWords(text: string, left: number | null): string {
  if (left === null) return text;
  const next = `next submission ${left > 0 ? `in ${duration(1_000 * left)}` : "now"}`;
  return text === "" ? next : `${text}, ${next}`;
}
