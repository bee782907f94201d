/** The set's name, what it holds, who drives it, and what can be done with all of it. */
import type { Actions } from "../actions";
import type { State } from "../state";
import { count, plural } from "../text";
import type { Head } from "../wire";
import { Button } from "./button";
import { NotifyButton } from "./notify_button";
import { SetActions } from "./set_actions";

interface Props {
  state: State;
  head: Head;
  actions: Actions;
}

export function Header({ state, head, actions }: Props) {
  return (
    <header class="qjm-header">
      <div class="qjm-what">
        <h3 class="qjm-name" title={head.name}>
          <bdi>{head.name}</bdi>
        </h3>
        <p class="qjm-facts">
          <bdi>{head.backend}</bdi>
          {` · ${plural(head.circuits, "circuit")} · ${plural(state.statuses.length, "job")} · ${shots(head.shots)}`}
        </p>
        {state.connection === "silent" && <p class="qjm-offline">not connected to a kernel</p>}
        {!state.pushed && <p class="qjm-offline">updates come only when they are asked for here</p>}
        {(state.connection === "silent" || !state.pushed) && (
          <Button small title="Asks the kernel how the set stands" onClick={actions.refresh}>
            Refresh
          </Button>
        )}
        {head.owner !== null && (
          <p class="qjm-owner">
            driven by <bdi>{head.owner}</bdi>
          </p>
        )}
      </div>
      {state.connection === "connected" && <NotifyButton head={head} />}
      <SetActions state={state} head={head} actions={actions} />
    </header>
  );
}

function shots([fewest, most]: readonly [number, number]): string {
  return fewest === most ? plural(most, "shot") : `${count(fewest)}–${count(most)} shots`;
}
