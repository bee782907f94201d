/** What the lines of sets and of groups have in common. */
import { BAR_ORDER } from "../components/status";
import type { Line } from "../protocol/history_wire";
import { STATUSES } from "../protocol/wire";
import { sentence } from "../text";

/** The progress of a set in jobs, or of a group in sets. */
export function SetState({ line }: { line: Line }) {
  const { lead, line: rest, jobs } = line;
  const numberOf = (status: (typeof STATUSES)[number]) => jobs[STATUSES.indexOf(status)] ?? 0;
  return (
    <div class="qjm-set-state">
      <div class="qjm-bar" aria-hidden="true">
        {BAR_ORDER.filter((status) => numberOf(status) > 0).map((status) => (
          <span
            key={status}
            class={`qjm-segment qjm-is-${status}`}
            style={{ flexGrow: numberOf(status) }}
          />
        ))}
      </div>
      <p class="qjm-set-line" title={sentence(lead, rest)}>
        <b>{lead}</b>
        {rest !== "" && `, ${rest}`}
      </p>
    </div>
  );
}

export function InterruptedTag({ number = null }: { number?: string | null }) {
  return (
    <span class="qjm-tag qjm-tag-interrupted">
      <svg class="qjm-icon" viewBox="0 0 16 16" aria-hidden="true">
        <path d="M5.8 2.4a6 6 0 0 0 0 11.2M10.2 2.4a6 6 0 0 1 0 11.2" />
      </svg>
      {number !== null && `${number} `}interrupted
    </span>
  );
}

export function Chevron() {
  return (
    <svg class="qjm-chevron" viewBox="0 0 16 16" aria-hidden="true">
      <path d="m6 4 4 4-4 4" />
    </svg>
  );
}
