/** Job sets of a store, newest first, each with a way to have it back. */

import type { HistoryState, Said, StoredSet } from "../history_state";
import { age, plural } from "../text";
import { Button } from "./button";

interface Props {
  state: HistoryState;
  /** Milliseconds since 1970 UTC. */
  now: number;
  onRetrieve: (id: string) => void;
}

export function HistoryList({ state, now, onRetrieve }: Props) {
  return (
    <div class="qjm-history" data-lm-suppress-shortcuts="true">
      {state.problem !== null && (
        <p class="qjm-notice" role="alert">
          {state.problem}
        </p>
      )}
      {state.sets.length === 0 ? (
        <p class="qjm-empty">
          No job sets yet: <code>manager.run(circuits, backend)</code> makes the first one.
        </p>
      ) : (
        <ul class="qjm-sets" aria-label="Job sets, newest first">
          {state.sets.map((set) => (
            <Entry
              key={set.id}
              set={set}
              now={now}
              waiting={state.waiting.has(set.id)}
              said={state.said.get(set.id)}
              onRetrieve={onRetrieve}
            />
          ))}
        </ul>
      )}
    </div>
  );
}

interface EntryProps {
  set: StoredSet;
  now: number;
  waiting: boolean;
  said: Said | undefined;
  onRetrieve: (id: string) => void;
}

function Entry({ set, now, waiting, said, onRetrieve }: EntryProps) {
  const name = set.name || set.id.slice(0, 8);
  return (
    <li class="qjm-set">
      <div class="qjm-set-text">
        <p class="qjm-set-name">
          <b>
            <bdi>{name}</bdi>
          </b>
          {set.open && <span class="qjm-tag">open</span>}
        </p>
        <p class="qjm-muted">
          <bdi>{set.backend}</bdi>
          {` · ${plural(set.circuits, "circuit")} · ${plural(set.jobs, "job")} · `}
          <time
            dateTime={new Date(set.created).toISOString()}
            title={new Date(set.created).toLocaleString()}
          >
            {age(now - set.created)}
          </time>
        </p>
        <p>
          <bdi>{set.line}</bdi>
        </p>
        <p class={said?.ok === false ? "qjm-refused" : "qjm-muted"} role="status">
          {said?.text}
        </p>
      </div>
      <Button disabled={waiting} aria-label={`Retrieve ${name}`} onClick={() => onRetrieve(set.id)}>
        {waiting ? "sent…" : "Retrieve"}
      </Button>
    </li>
  );
}
