/** Job sets of a store, newest first, each with a way to have it back. */

import type { HistoryState, Said, SetAction, StoredSet, Wish } from "../history_state";
import { age, plural } from "../text";
import { Button } from "./button";
import { Words } from "./words";

interface Props {
  state: HistoryState;
  /** Milliseconds since 1970 UTC. */
  now: number;
  onAction: (action: SetAction, id: string) => void;
}

export function HistoryList({ state, now, onAction }: Props) {
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
              wish={state.waiting.get(set.id)}
              said={state.said.get(set.id)}
              onAction={onAction}
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
  /** What was asked for and is not answered yet. */
  wish: Wish | undefined;
  said: Said | undefined;
  onAction: Props["onAction"];
}

function Entry({ set, now, wish, said, onAction }: EntryProps) {
  const name = set.name || set.id.slice(0, 8);
  const button = (action: SetAction, word: string) => (
    <Button
      disabled={wish !== undefined}
      aria-label={`${word} ${name}`}
      onClick={() => onAction(action, set.id)}
    >
      {wish?.do === action ? "sent…" : word}
    </Button>
  );
  return (
    <li class="qjm-set">
      <div class="qjm-set-text">
        <p class="qjm-set-name">
          <b>
            <bdi>{name}</bdi>
          </b>
          {set.open && <span class="qjm-tag">open</span>}
          {set.interrupted && (
            <span class="qjm-tag qjm-tag-interrupted">
              <BrokenRing />
              interrupted
            </span>
          )}
          {set.note !== "" && (
            <span class="qjm-muted">
              <bdi>{set.note}</bdi>
            </span>
          )}
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
      </div>
      <div class="qjm-set-actions">
        {set.interrupted && button("resume", "Resume")}
        {button("retrieve", "Retrieve")}
      </div>
      <p class={`qjm-said${said?.ok === false ? " qjm-refused" : ""}`} role="status">
        {said !== undefined && <Words text={said.text} />}
      </p>
    </li>
  );
}

function BrokenRing() {
  return (
    <svg class="qjm-icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d="M5.8 2.4a6 6 0 0 0 0 11.2M10.2 2.4a6 6 0 0 1 0 11.2" />
    </svg>
  );
}
