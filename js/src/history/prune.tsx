/** Delete old sets, after showing their number. */
import { useEffect, useState } from "preact/hooks";
import { Button } from "../components/button";
import { plural } from "../text";
import type { HistoryActions } from "./history_session";
import { type HistoryState, isPending } from "./history_state";

const PAUSE = 300;
const MOST_DAYS = 36_500;

interface Props {
  state: HistoryState;
  actions: HistoryActions;
  onEnd: () => void;
}

export function Prune({ state, actions, onEnd }: Props) {
  const [days, setDays] = useState("90");
  const olderThan = days.trim() === "" ? Number.NaN : Number(days);
  const valid = olderThan >= 0 && olderThan <= MOST_DAYS;
  const known = state.older?.days === olderThan && !isPending(state, null, "count_older");
  const sets = known ? (state.older?.sets ?? 0) : null;

  useEffect(() => {
    if (!valid) return;
    const timer = setTimeout(
      () => actions.commandStore({ do: "count_older", days: olderThan }),
      PAUSE,
    );
    return () => clearTimeout(timer);
  }, [actions, olderThan, valid]);

  return (
    <div
      class="qjm-prune"
      role="group"
      aria-label="Prune the store"
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        onEnd();
      }}
    >
      <label>
        {"Delete sets older than "}
        <input
          class="qjm-input qjm-days"
          type="number"
          min="0"
          max={MOST_DAYS}
          value={days}
          aria-invalid={!valid}
          onInput={(event) => setDays(event.currentTarget.value)}
        />
        {" days"}
      </label>
      <span role="status">{sets === null ? "" : matchesText(sets)}</span>
      <Button
        variant="danger"
        disabled={!valid || sets === null || sets === 0}
        onClick={() => {
          actions.commandStore({ do: "prune", days: olderThan });
          onEnd();
        }}
      >
        {sets === null || sets === 0 ? "Delete" : `Delete ${plural(sets, "set")}`}
      </Button>
      <Button onClick={onEnd}>Keep all</Button>
      <p class="qjm-muted">
        Their results are deleted for good. Sets in progress are kept. Jobs at a provider are not
        cancelled.
      </p>
    </div>
  );
}

function matchesText(sets: number): string {
  return sets === 0 ? "No such set." : `Matches ${plural(sets, "set")}.`;
}
