/** A job's id, or another text that is needed elsewhere; a click copies it. */
import { useEffect, useState } from "preact/hooks";

const SAID_MS = 1_500;

interface Props {
  id: string;
  what?: string;
  tabIndex?: number;
}

export function CopyId({ id, what = "job id", tabIndex }: Props) {
  const [said, setSaid] = useState<"" | "Copied" | "Select it to copy">("");
  useEffect(() => {
    if (said === "") return;
    const timer = setTimeout(() => setSaid(""), SAID_MS);
    return () => clearTimeout(timer);
  }, [said]);
  return (
    <button
      type="button"
      class="qjm-copy"
      tabIndex={tabIndex}
      aria-label={said || `Copy ${what} ${id}`}
      title={`Copy ${id}`}
      onClick={(event) => {
        event.stopPropagation();
        // No clipboard on pages without TLS: the id stands there to be selected.
        const copying = navigator.clipboard?.writeText(id) ?? Promise.reject();
        copying.then(
          () => setSaid("Copied"),
          () => setSaid("Select it to copy"),
        );
      }}
    >
      <code>{said || id}</code>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        {said === "Copied" ? (
          <path d="m3.5 8.5 3 3 6-7" />
        ) : (
          <path d="M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z" />
        )}
      </svg>
    </button>
  );
}
