/** The line of a group: it opens to the sets of one loop, and has a panel of its own. */
import { Button } from "../components/button";
import type { StoredGroup } from "../protocol/history_wire";
import { age, count } from "../text";
import type { HistoryActions } from "./history_session";
import { groupKey, type HistoryState, isPending } from "./history_state";
import { Chevron, InterruptedTag, SetState } from "./row_parts";

interface Props {
  state: HistoryState;
  actions: HistoryActions;
  group: StoredGroup;
  /** Milliseconds since 1970 UTC. */
  now: number;
}

export function GroupRow({ state, actions, group, now }: Props) {
  const pending = isPending(state, groupKey(group.group));
  const command = group.open ? "close" : "open";
  const label = group.open ? "Close" : "Open";
  return (
    <div class="qjm-set-row qjm-set-group">
      <div class="qjm-set-text">
        <p class="qjm-set-title">
          <button
            type="button"
            class="qjm-set-name"
            aria-expanded={group.unfolded}
            title={group.unfolded ? "Hide its sets" : "List its sets"}
            onClick={() => actions.fold(group.group)}
          >
            <Chevron />
            <bdi>{group.name}</bdi>
          </button>
          {group.interrupted > 0 && <InterruptedTag number={count(group.interrupted)} />}
        </p>
        <p class="qjm-muted qjm-set-facts">
          <time
            dateTime={new Date(group.created).toISOString()}
            title={new Date(group.created).toLocaleString()}
          >
            {age(now - group.created)}
          </time>
          {" · "}
          <bdi>{group.title}</bdi>
        </p>
      </div>
      <SetState line={group} />
      <div class="qjm-set-actions">
        <Button
          small
          disabled={state.connection === "disconnected" || pending}
          aria-label={`${label} ${group.name}`}
          onClick={() => actions.commandGroup(group.group, { do: command })}
        >
          {pending ? "sent…" : label}
        </Button>
      </div>
    </div>
  );
}
