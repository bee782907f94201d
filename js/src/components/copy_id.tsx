/** A job id, or other text to copy; a click copies it. */
import { useEffect, useState } from "preact/hooks";

const FEEDBACK_MS = 1_500;

interface Props {
  id: string;
  kind?: string;
  tabIndex?: number;
}

export function CopyId({ id, kind = "job id", tabIndex }: Props) {
  const [feedback, setFeedback] = useState<"" | "Copied" | "Select it to copy">("");
  useEffect(() => {
    if (feedback === "") return;
    const timer = setTimeout(() => setFeedback(""), FEEDBACK_MS);
    return () => clearTimeout(timer);
  }, [feedback]);
  return (
    <button
      type="button"
      class="qjm-copy"
      tabIndex={tabIndex}
      aria-label={feedback || `Copy ${kind} ${id}`}
      title={`Copy ${id}`}
      onClick={(event) => {
        event.stopPropagation();
        // Pages without TLS have no clipboard: the reader can select the text instead.
        const copying = navigator.clipboard?.writeText(id) ?? Promise.reject();
        copying.then(
          () => setFeedback("Copied"),
          () => setFeedback("Select it to copy"),
        );
      }}
    >
      <code>{feedback || id}</code>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        {feedback === "Copied" ? (
          <path d="m3.5 8.5 3 3 6-7" />
        ) : (
          <path d="M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z" />
        )}
      </svg>
    </button>
  );
}
