/** What can be done with the whole set. What cannot be taken back asks first. */
import type { ComponentProps } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { SENT_WORDS } from "../components/action_labels";
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
  const [asked, setAsked] = useState<Question | null>(null);
  const asker = useRef<HTMLButtonElement | null>(null);
  const { can } = head;
  const connected = state.connection === "connected";
  const sent = (action: Action) => pendingForAll(state, action);
  const question = asked !== null && connected && can[asked] > 0 && !sent(asked) ? asked : null;

  // A question that lost its sense is over, and does not come back by itself later. At once: an effect
  // that waits for the next paint could undo a click that came before it.
  useLayoutEffect(() => {
    if (question === null) setAsked(null);
  }, [question]);

  const close = () => {
    setAsked(null);
    asker.current?.focus();
  };
  const send = (action: Action) => () => actions.command(action, null);
  const ask = (about: Question) => (event: { currentTarget: HTMLButtonElement }) => {
    asker.current = event.currentTarget;
    setAsked(question === about ? null : about);
  };

  /** Those that come and go stay while their answer is awaited; a page without a kernel needs none. */
  const offered = (action: Action, able: boolean) =>
    state.connection !== "silent" && (able || sent(action));
  const button = (
    action: Action,
    word: string,
    able: boolean,
    rest: ComponentProps<typeof Button>,
  ) => (
    <Button {...rest} disabled={!connected || !able || sent(action)}>
      {sent(action) ? SENT_WORDS[action] : word}
    </Button>
  );
  // One button for both, so that it keeps the focus when it turns from one into the other.
  const flow = sent("pause") || (can.pause && !sent("proceed")) ? "pause" : "proceed";
  return (
    <>
      <div class="qjm-buttons" role="group" aria-label="The whole set">
        {offered("resume", can.resume) &&
          button("resume", "Resume", can.resume, {
            look: "primary",
            title: "Goes on with this set from here: follows its jobs and sends what is left",
            onClick: send("resume"),
          })}
        {offered("retry_held", can.retry_held > 0) &&
          button("retry_held", `Decide held (${count(can.retry_held)})`, can.retry_held > 0, {
            "aria-expanded": question === "retry_held",
            onClick: ask("retry_held"),
          })}
        {(offered("pause", can.pause) || offered("proceed", can.proceed)) &&
          button(flow, flow === "pause" ? "Pause" : "Proceed", can[flow], {
            title:
              flow === "pause"
                ? "Sends no more jobs for now; those that were sent go on"
                : "Sends the next jobs again",
            onClick: send(flow),
          })}
        {button("retry", "Retry failed", can.retry > 0, {
          title: can.retry > 0 ? `Sends ${plural(can.retry, "failed job")} again` : undefined,
          onClick: send("retry"),
        })}
        {button("cancel", "Cancel all", can.cancel > 0, {
          "aria-expanded": question === "cancel",
          onClick: ask("cancel"),
        })}
      </div>
      {question !== null && (
        <Confirm
          key={question}
          {...wording(question, can[question])}
          danger={question === "cancel"}
          onYes={() => {
            actions.command(question, null);
            close();
          }}
          onNo={close}
        />
      )}
    </>
  );
}

function wording(question: Question, jobs: number): { text: string; yes: string; no: string } {
  if (question === "cancel") {
    return {
      text: `Cancel ${plural(jobs, "unfinished job")}? Results that are here stay.`,
      yes: `Cancel ${plural(jobs, "job")}`,
      no: "Keep running",
    };
  }
  const who = jobs === 1 ? "This job" : `These ${count(jobs)} jobs`;
  return {
    text: `${who} may have been sent before and may run twice if sent again.`,
    yes: "Send again",
    no: "Leave",
  };
}
