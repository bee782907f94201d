/** One job set of the store: its facts, progress and main action. */

import { Button } from "../components/button";
import type { StoredSet } from "../protocol/history_wire";
import { age, plural } from "../text";
import type { HistoryActions } from "./history_session";
import { type HistoryState, isPending } from "./history_state";
import { Chevron, InterruptedTag, SetState } from "./row_parts";
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
      <div
        class={`qjm-set-row${expanded ? " qjm-set-chosen" : ""}${set.inside ? " qjm-set-inside" : ""}`}
      >
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
            {set.interrupted && <InterruptedTag />}
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
        <SetState line={set} />
        <div class="qjm-set-actions">
          {set.interrupted && button("resume", "Resume", true)}
          {set.open ? button("close", "Close") : button("open", "Open")}
        </div>
      </div>
      {expanded && <SetDrawer {...props} key={set.id} name={name} />}
    </>
  );
}
