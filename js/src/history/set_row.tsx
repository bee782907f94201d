/** One job set of the store: its facts, progress and main action. */

import { Button } from "../components/button";
import { BAR_ORDER } from "../components/status";
import type { StoredSet } from "../protocol/history_wire";
import { STATUSES } from "../protocol/wire";
import { age, plural, sentence } from "../text";
import type { HistoryActions } from "./history_session";
import { type HistoryState, isPending } from "./history_state";
import { SetDrawer } from "./set_drawer";

const MOST_TAGS = 3;

interface Props {
  state: HistoryState;
  actions: HistoryActions;
  set: StoredSet;
  /** Milliseconds since 1970 UTC. */
  now: number;
  expanded: boolean;
  drawerId: string;
  onToggle: (id: string) => void;
  onDrawerHeight: (height: number) => void;
}

export function SetRow(props: Props) {
  const { state, actions, set, now, expanded, drawerId, onToggle } = props;
  const name = set.name || set.id.slice(0, 8);
  const jobs = set.jobs.reduce((sum, number) => sum + number, 0);
  const disconnected = state.connection === "disconnected";
  const button = (command: "open" | "close" | "resume", label: string, primary = false) => (
    <Button
      small
      variant={primary ? "primary" : undefined}
      disabled={disconnected || isPending(state, set.id)}
      aria-label={`${label} ${name}`}
      onClick={() => actions.commandSet(set.id, { do: command })}
    >
      {isPending(state, set.id, command) ? "sent…" : label}
    </Button>
  );
  return (
    <>
      <div class={`qjm-set-row${expanded ? " qjm-set-chosen" : ""}`}>
        <div class="qjm-set-text">
          <p class="qjm-set-title">
            <button
              type="button"
              class="qjm-set-name"
              aria-expanded={expanded}
              aria-controls={expanded ? drawerId : undefined}
              title={expanded ? "Hide details" : "Show details"}
              onClick={() => onToggle(set.id)}
            >
              <Chevron />
              <bdi>{name}</bdi>
            </button>
            {set.interrupted && (
              <span class="qjm-tag qjm-tag-interrupted">
                <BrokenRing />
                interrupted
              </span>
            )}
            {set.tags.slice(0, MOST_TAGS).map((tag) => (
              <span class="qjm-tag" key={tag}>
                <bdi>{tag}</bdi>
              </span>
            ))}
            {set.tags.length > MOST_TAGS && (
              <span class="qjm-muted">{`+${set.tags.length - MOST_TAGS}`}</span>
            )}
          </p>
          <p class="qjm-muted qjm-set-facts">
            <time
              dateTime={new Date(set.created).toISOString()}
              title={new Date(set.created).toLocaleString()}
            >
              {age(now - set.created)}
            </time>
            {" · "}
            <bdi>{set.backend}</bdi>
            {` · ${plural(set.circuits, "circuit")} · ${plural(jobs, "job")}`}
            {set.owner !== null && (
              <>
                {" · driven by "}
                <bdi>{set.owner}</bdi>
              </>
            )}
          </p>
        </div>
        <div class="qjm-set-state">
          <div class="qjm-bar" aria-hidden="true">
            {BAR_ORDER.filter((status) => jobsIn(set, status) > 0).map((status) => (
              <span
                key={status}
                class={`qjm-segment qjm-is-${status}`}
                style={{ flexGrow: jobsIn(set, status) }}
              />
            ))}
          </div>
          <p class="qjm-set-line" title={sentence(set.lead, set.line)}>
            <b>{set.lead}</b>
            {set.line !== "" && `, ${set.line}`}
          </p>
        </div>
        <div class="qjm-set-actions">
          {set.interrupted && button("resume", "Resume", true)}
          {set.open ? button("close", "Close") : button("open", "Open")}
        </div>
      </div>
      {expanded && <SetDrawer {...props} key={set.id} name={name} />}
    </>
  );
}

function jobsIn(set: StoredSet, status: (typeof STATUSES)[number]): number {
  return set.jobs[STATUSES.indexOf(status)] ?? 0;
}

function Chevron() {
  return (
    <svg class="qjm-chevron" viewBox="0 0 16 16" aria-hidden="true">
      <path d="m6 4 4 4-4 4" />
    </svg>
  );
}

function BrokenRing() {
  return (
    <svg class="qjm-icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d="M5.8 2.4a6 6 0 0 0 0 11.2M10.2 2.4a6 6 0 0 1 0 11.2" />
    </svg>
  );
}
