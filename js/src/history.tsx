/** The manager's panel, every job set of its store, as an anywidget module. */
import type { RenderProps } from "@anywidget/types";
import { render as paint } from "preact";
import { History } from "./history/history_list";
import { connectHistory } from "./history/history_session";

function render({ model, el }: Pick<RenderProps, "model" | "el">): () => void {
  let closed = false;
  let scheduled = false;
  const session = connectHistory(model, schedule, save);

  /** Never at once: an answer may come while Preact is still at work on the state before it. */
  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    queueMicrotask(() => {
      scheduled = false;
      if (!closed) update();
    });
  }

  function update(): void {
    paint(<History state={session.state} actions={session} now={Date.now()} />, el);
  }

  update();
  session.open();
  return () => {
    closed = true;
    paint(null, el);
    session.close();
  };
}

/** Hands a file to the reader as any download. */
function save(name: string, data: Uint8Array): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([data as BlobPart], { type: "application/zip" }));
  link.download = name;
  link.click();
  // The browser has taken it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export default { render };
