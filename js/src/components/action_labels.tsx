/** Words for actions, and foreign text with code in it. */
import type { Action, RowAction } from "../protocol/wire";

export const ACTION_WORDS: Readonly<Record<RowAction, string>> = {
  cancel: "Cancel",
  retry: "Retry",
  retry_held: "Send again",
};

export const SENT_WORDS: Readonly<Record<Action, string>> = {
  cancel: "cancel sent…",
  retry: "retry sent…",
  retry_held: "retry sent…",
  pause: "pause sent…",
  proceed: "proceed sent…",
  resume: "resume sent…",
};

/** The whole text, lines and all. What stands between backticks is code: a click selects it to copy. */
export function Words({ text }: { text: string }) {
  return (
    <bdi class="qjm-words">
      {text
        .split(/`([^`\n]+)`/)
        .map((part, i) => (i % 2 === 1 ? <code key={i}>{part}</code> : part))}
    </bdi>
  );
}
