/** The head of the panel: name, facts, owner and actions of the set. */

import { Button } from "../components/button";
import { CopyId } from "../components/copy_id";
import type { Head } from "../protocol/wire";
import type { Actions } from "../state/actions";
import type { State } from "../state/state";
import { plural } from "../text";
import { NotifyButton } from "./notify_button";
import { SetActions } from "./set_actions";

interface Props {
  state: State;
  head: Head;
  actions: Actions;
}

export function Header({ state, head, actions }: Props) {
  const disconnected = state.connection === "disconnected";
  const facts = [
    plural(head.circuits, "circuit"),
    head.points && plural(head.points, "point"),
    plural(state.statuses.length, "job"),
    head.effort,
  ];
  return (
    <header class="qjm-header">
      <div class="qjm-what">
        <h3 class="qjm-name" title={head.name}>
          <bdi>{head.name}</bdi>
        </h3>
        <p class="qjm-facts">
          <bdi>{head.backend}</bdi>
          {facts.filter(Boolean).map((fact) => ` · ${fact}`)}
        </p>
        {disconnected && <p class="qjm-offline">not connected to a kernel, or it is busy</p>}
        {!state.pushed && <p class="qjm-offline">updates arrive only on request here</p>}
        {(disconnected || !state.pushed) && (
          <Button
            small
            title="Request the current state from the kernel"
            aria-disabled={state.refreshing}
            onClick={actions.refresh}
          >
            {state.refreshing ? "Refreshing…" : "Refresh"}
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
      {disconnected && (
        <div class="qjm-reconnect">
          After a restart, run the cell that creates your manager, then
          <CopyId id={`manager.retrieve_job_set("${head.id}")`} kind="code" />
        </div>
      )}
    </header>
  );
}
