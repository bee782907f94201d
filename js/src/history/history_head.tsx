/** The head of the list: size of the store, search, filters and pruning. */
import { useState } from "preact/hooks";
import { Button } from "../components/button";
import type { Listing, Query } from "../protocol/history_wire";
import { count, plainLine, plural, size } from "../text";
import type { HistoryActions } from "./history_session";
import type { HistoryState } from "./history_state";
import { isNoQuery, isPending, NO_QUERY } from "./history_state";
import { Prune } from "./prune";

const STATES: readonly [Query["state"], string][] = [
  ["", "Any status"],
  ["under_way", "In progress"],
  ["interrupted", "Interrupted"],
  ["held", "With held jobs"],
  ["failed", "With errors"],
  ["cancelled", "With cancelled jobs"],
  ["done", "Done"],
];

interface Props {
  state: HistoryState;
  listing: Listing;
  actions: HistoryActions;
}

export function HistoryHead({ state, listing, actions }: Props) {
  const [pruning, setPruning] = useState(false);
  const { query } = state;
  const disconnected = state.connection === "disconnected";
  return (
    <header class="qjm-history-head">
      <h3 class="qjm-name">Job sets</h3>
      <p class="qjm-facts">
        {`${plural(listing.total, "set")} · ${size(listing.bytes)}`}
        {disconnected && <span class="qjm-offline"> · not connected to a kernel</span>}
      </p>
      <div class="qjm-buttons">
        <Button small title="Read the store again" onClick={actions.refresh}>
          Refresh
        </Button>
        <Button
          small
          disabled={disconnected || isPending(state, null, "prune")}
          aria-expanded={pruning}
          onClick={() => setPruning(!pruning)}
        >
          {isPending(state, null, "prune") ? "deleting…" : "Prune…"}
        </Button>
      </div>
      {pruning && <Prune state={state} actions={actions} onEnd={() => setPruning(false)} />}
      <StoreAnswer state={state} />
      <div class="qjm-filters" role="search" aria-label="Job sets">
        <input
          class="qjm-input"
          type="search"
          placeholder="Name, backend, tag or id"
          aria-label="Search job sets"
          value={query.text}
          onInput={(event) => actions.search({ text: event.currentTarget.value })}
        />
        <Choice
          label="Status"
          value={query.state}
          choices={STATES}
          onChoice={(value) => actions.search({ state: value as Query["state"] })}
        />
        <Choice
          label="Backend"
          value={query.backend}
          choices={named("Any backend", listing.backends)}
          onChoice={(backend) => actions.search({ backend })}
        />
        {listing.tags.length > 0 && (
          <Choice
            label="Tag"
            value={query.tag}
            choices={named("Any tag", listing.tags)}
            onChoice={(tag) => actions.search({ tag })}
          />
        )}
        {!isNoQuery(query) && (
          <Button small onClick={() => actions.search(NO_QUERY)}>
            Show all
          </Button>
        )}
      </div>
    </header>
  );
}

function StoreAnswer({ state }: { state: HistoryState }) {
  const answer = state.answers.get(null);
  return (
    <p class={`qjm-answer${answer?.ok === false ? " qjm-refused" : ""}`} role="status">
      {answer?.text}
    </p>
  );
}

function named(any: string, choices: readonly [string, number][]): [string, string][] {
  return [
    ["", any],
    ...choices.map(([name, sets]): [string, string] => [
      name,
      `${plainLine(name, 60)} (${count(sets)})`,
    ]),
  ];
}

interface ChoiceProps {
  label: string;
  value: string;
  choices: readonly (readonly [string, string])[];
  onChoice: (value: string) => void;
}

function Choice({ label, value, choices, onChoice }: ChoiceProps) {
  return (
    <select
      class="qjm-select"
      aria-label={label}
      value={value}
      onChange={(event) => onChoice(event.currentTarget.value)}
    >
      {choices.map(([name, text]) => (
        <option key={name} value={name}>
          {text}
        </option>
      ))}
    </select>
  );
}
