/** The bar of all jobs, and under it the same in words; a word takes the reader to its next job. */

import { count, plural } from "../text";
import type { Head, Status } from "../wire";
import { BAR_ORDER, STATUS_WORDS, StatusIcon } from "./status";

interface Props {
  head: Head;
  tally: ReadonlyMap<Status, number>;
  onJump: (status: Status) => void;
}

export function Progress({ head, tally, onJump }: Props) {
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
        <p class="qjm-line">
          <b>{head.lead}</b>
          {head.line !== "" && ` · ${head.line}`}
        </p>
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
