/** The panel of a group, the sets of one loop, as an anywidget module. */
import type { RenderProps } from "@anywidget/types";
import { render as paint } from "preact";
import { GroupPanel } from "./group/group_panel";
import { connectGroup } from "./group/group_session";
import { mount } from "./mount";

function render({ model, el }: Pick<RenderProps, "model" | "el">): () => void {
  return mount(
    el,
    (repaint) => connectGroup(model, repaint),
    (session) => ({
      paint: () =>
        paint(<GroupPanel state={session.state} actions={session.actions} now={Date.now()} />, el),
    }),
  );
}

export default { render };
