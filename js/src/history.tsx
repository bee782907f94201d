/** The manager's panel, the list of all job sets of its store, as an anywidget module. */
import type { RenderProps } from "@anywidget/types";
import { render as paint } from "preact";
import { saveFile } from "./components/save_file";
import { History } from "./history/history_list";
import { connectHistory } from "./history/history_session";
import { mount } from "./mount";

function render({ model, el }: Pick<RenderProps, "model" | "el">): () => void {
  return mount(
    el,
    (repaint) => connectHistory(model, repaint, saveBundle),
    (session) => ({
      paint: () => paint(<History state={session.state} actions={session} now={Date.now()} />, el),
    }),
  );
}

function saveBundle(name: string, data: Uint8Array): void {
  saveFile(name, new Blob([data as BlobPart], { type: "application/zip" }));
}

export default { render };
