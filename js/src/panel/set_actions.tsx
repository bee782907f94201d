/** Actions on the whole set. If an action cannot be undone, a question comes first. */
import type { ComponentProps } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { PENDING_LABELS } from "../components/action_labels";
import { Button } from "../components/button";
import { Confirm } from "../components/confirm";
import type { Action, Head } from "../protocol/wire";
import type { Actions } from "../state/actions";
import { pendingForAll } from "../state/selectors";
import type { State } from "../state/state";
import { count, plural } from "../text";

interface Props {
  state: State;
  head: Head;
  actions: Actions;
}

type Question = "cancel" | "retry_held";

export function SetActions({ state, head, actions }: Props) {
  const [question, setQuestion] = useState<Question | null>(null);
  const trigger = useRef<HTMLButtonElement | null>(null);
  const { can } = head;
  const connected = state.connection === "connected";
  const isPending = (action: Action) => pendingForAll(state, action);
  const open =
    question !== null && connected && can[question] > 0 && !isPending(question) ? question : null;

  // Close a question that no longer applies, so that it does not return. This is a layout effect, because an
  // effect after the next paint could undo a click.
  useLayoutEffect(() => {
    if (open === null) setQuestion(null);
  }, [open]);

  const close = () => {
    setQuestion(null);
    trigger.current?.focus();
  };
  const send = (action: Action) => () => actions.command(action, null);
  const toggle = (next: Question) => (event: { currentTarget: HTMLButtonElement }) => {
    trigger.current = event.currentTarget;
    setQuestion(open === next ? null : next);
  };

  /** Whether to show an optional button: if enabled or while its command is pending, but never without a kernel. */
  const isShown = (action: Action, enabled: boolean) =>
    state.connection !== "disconnected" && (enabled || isPending(action));
  const button = (
    action: Action,
    label: string,
    enabled: boolean,
    rest: ComponentProps<typeof Button>,
  ) => (
    <Button {...rest} disabled={!connected || !enabled || isPending(action)}>
      {isPending(action) ? PENDING_LABELS[action] : label}
    </Button>
  );
  // One button has both actions, so that it keeps the focus when its action changes.
  const pauseAction =
    isPending("pause") || (can.pause && !isPending("unpause")) ? "pause" : "unpause";
  return (
    <>
      <div class="qjm-buttons" role="group" aria-label="All jobs of the set">
        {isShown("resume", can.resume) &&
          button("resume", "Resume", can.resume, {
            variant: "primary",
            title: "Continue this set in this kernel: poll its jobs and send the rest",
            onClick: send("resume"),
          })}
        {isShown("retry_held", can.retry_held > 0) &&
          button("retry_held", `Review held (${count(can.retry_held)})`, can.retry_held > 0, {
            "aria-expanded": open === "retry_held",
            onClick: toggle("retry_held"),
          })}
        {(isShown("pause", can.pause) || isShown("unpause", can.unpause)) &&
          button(pauseAction, pauseAction === "pause" ? "Pause" : "Unpause", can[pauseAction], {
            title:
              pauseAction === "pause"
                ? "Send no more jobs for now; jobs already sent continue"
                : "Continue sending jobs",
            onClick: send(pauseAction),
          })}
        {button("retry", "Retry failed", can.retry > 0, {
          title: can.retry > 0 ? `Send ${plural(can.retry, "failed job")} again` : undefined,
          onClick: send("retry"),
        })}
        {button("cancel", "Cancel all", can.cancel > 0, {
          "aria-expanded": open === "cancel",
          onClick: toggle("cancel"),
        })}
      </div>
      {open !== null && (
        <Confirm
          key={open}
          {...confirmation(open, can[open])}
          danger={open === "cancel"}
          onYes={() => {
            actions.command(open, null);
            close();
          }}
          onNo={close}
        />
      )}
    </>
  );
}

function confirmation(open: Question, jobs: number): { text: string; yes: string; no: string } {
  if (open === "cancel") {
    return {
      text: `Cancel ${plural(jobs, "unfinished job")}? Results already received are kept.`,
      yes: `Cancel ${plural(jobs, "job")}`,
      no: "Keep running",
    };
  }
  const who = jobs === 1 ? "This job" : `These ${count(jobs)} jobs`;
  return {
    text: `${who} may have been sent already and may run twice if sent again.`,
    yes: "Send again",
    no: "Keep held",
  };
}
