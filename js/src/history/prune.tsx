/** Deleting what is old: says first how many sets that is. */
import { useEffect, useState } from "preact/hooks";
import { Button } from "../components/button";
import { plural } from "../text";
import type { HistoryActions } from "./history_session";
import { type HistoryState, isWaiting } from "./history_state";

const PAUSE = 300;
const MOST_DAYS = 36_500;

interface Props {
  state: HistoryState;
  actions: HistoryActions;
  onEnd: () => void;
}

export function Prune({ state, actions, onEnd }: Props) {
  const [days, setDays] = useState("90");
  const wanted = days.trim() === "" ? Number.NaN : Number(days);
  const valid = wanted >= 0 && wanted <= MOST_DAYS;
  const known = state.older?.days === wanted && !isWaiting(state, null, "count_older");
  const sets = known ? (state.older?.sets ?? 0) : null;

  useEffect(() => {
    if (!valid) return;
    const timer = setTimeout(() => actions.doStore({ do: "count_older", days: wanted }), PAUSE);
    return () => clearTimeout(timer);
  }, [actions, wanted, valid]);

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
        {"Delete sets that are older than "}
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
      <span role="status">{sets === null ? "" : howMany(sets)}</span>
      <Button
        look="danger"
        disabled={!valid || sets === null || sets === 0}
        onClick={() => {
          actions.doStore({ do: "prune", days: wanted });
          onEnd();
        }}
      >
        {sets === null || sets === 0 ? "Delete" : `Delete ${plural(sets, "set")}`}
      </Button>
      <Button onClick={onEnd}>Keep all</Button>
      <p class="qjm-muted">
        Their results are gone for good. Sets under way stay, and so do jobs at a provider.
      </p>
    </div>
  );
}

function howMany(sets: number): string {
  return sets === 0 ? "There is none." : `That is ${plural(sets, "set")}.`;
}
