/** Labels of actions, and foreign text with code in it. */
import type { Action, RowAction } from "../protocol/wire";

export const ACTION_LABELS: Readonly<Record<RowAction, string>> = {
  cancel: "Cancel",
  retry: "Retry",
  retry_held: "Send again",
};

export const PENDING_LABELS: Readonly<Record<Action, string>> = {
  cancel: "cancel sent…",
  retry: "retry sent…",
  retry_held: "retry sent…",
  pause: "pause sent…",
  unpause: "unpause sent…",
  resume: "resume sent…",
  ask: "asking…",
  save_results: "saving…",
};

/** Text with its line breaks. Text between backticks is code, which a click selects for copying. */
export function TextWithCode({ text }: { text: string }) {
  return (
    <bdi class="qjm-words">
      {text
        .split(/`([^`\n]+)`/)
        .map((part, i) => (i % 2 === 1 ? <code key={i}>{part}</code> : part))}
    </bdi>
  );
}
