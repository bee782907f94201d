/** The set's name, what it holds, and what can be done with all of it. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { Actions } from "../actions";
import { pendingForAll } from "../derive";
import type { State } from "../state";
import { count, plural } from "../text";
import type { Head } from "../wire";
import { Button } from "./button";

interface Props {
  state: State;
  head: Head;
  actions: Actions;
}

export function Header({ state, head, actions }: Props) {
  const [asking, setAsking] = useState(false);
  const cancelButton = useRef<HTMLButtonElement>(null);
  const connected = state.connection === "connected";
  const retrySent = pendingForAll(state, "retry");
  const cancelSent = pendingForAll(state, "cancel");
  const confirming = asking && connected && head.can.cancel > 0 && !cancelSent;

  const close = () => {
    setAsking(false);
    cancelButton.current?.focus();
  };
  return (
    <header class="qjm-header">
      <div class="qjm-title">
        <div class="qjm-what">
          <h3 class="qjm-name" title={head.name}>
            <bdi>{head.name}</bdi>
          </h3>
          <p class="qjm-facts">
            <bdi>{head.backend}</bdi>
            {` · ${plural(head.circuits, "circuit")} · ${plural(state.statuses.length, "job")} · ${shots(head.shots)}`}
          </p>
          {state.connection === "silent" && <p class="qjm-offline">not connected to a kernel</p>}
        </div>
        <div class="qjm-buttons">
          <Button
            disabled={!connected || head.can.retry === 0 || retrySent}
            title={
              head.can.retry > 0 ? `Sends ${plural(head.can.retry, "failed job")} again` : undefined
            }
            onClick={() => actions.command("retry", null)}
          >
            {retrySent ? "retry sent…" : "Retry failed"}
          </Button>
          <Button
            ref={cancelButton}
            disabled={!connected || head.can.cancel === 0 || cancelSent}
            aria-expanded={confirming}
            onClick={() => setAsking(!confirming)}
          >
            {cancelSent ? "cancel sent…" : "Cancel all"}
          </Button>
        </div>
      </div>
      {confirming && (
        <Confirm
          jobs={head.can.cancel}
          onYes={() => {
            actions.command("cancel", null);
            close();
          }}
          onNo={close}
        />
      )}
    </header>
  );
}

interface ConfirmProps {
  jobs: number;
  onYes: () => void;
  onNo: () => void;
}

function Confirm({ jobs, onYes, onNo }: ConfirmProps) {
  const no = useRef<HTMLButtonElement>(null);
  // The harmless answer has the focus, so a hasty Enter cancels nothing.
  useEffect(() => no.current?.focus(), []);
  return (
    <div
      class="qjm-confirm"
      role="group"
      aria-label="Confirm"
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        onNo();
      }}
    >
      <span>{`Cancel ${plural(jobs, "unfinished job")}? Results that are here stay.`}</span>
      <Button danger onClick={onYes}>
        {`Cancel ${plural(jobs, "job")}`}
      </Button>
      <Button ref={no} onClick={onNo}>
        Keep running
      </Button>
    </div>
  );
}

function shots([fewest, most]: readonly [number, number]): string {
  return fewest === most ? plural(most, "shot") : `${count(fewest)}–${count(most)} shots`;
}
