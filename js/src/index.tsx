/** The live panel as an anywidget module: joins the session with the views. */
import type { RenderProps } from "@anywidget/types";
import { render as paint } from "preact";
import { loadPlotly, type PlotlyApi } from "./charts/plotly";
import { watchEnd } from "./notify";
import { Panel } from "./panel/panel";
import { keepUp } from "./state/heartbeat";
import { connect } from "./state/session";

/** Milliseconds between requests for Plotly. */
const RETRY = 30_000;

function render({ model, el }: Pick<RenderProps, "model" | "el">): () => void {
  let plotly: PlotlyApi | null = null;
  let nextRequest = 0;
  let closed = false;
  let scheduled = false;
  const session = connect(model, schedule);
  const keptUp = keepUp(session.refresh);
  const noticeEnd = watchEnd(el);

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
    paint(<Panel state={session.state} actions={session} plotly={plotly} />, el);
    keptUp.heard(session.state);
    noticeEnd(session.state);
    // Not before there is something to draw, and not without a kernel: nobody would answer.
    if (plotly !== null || session.state.connection !== "connected" || !hasPicture()) return;
    if (Date.now() < nextRequest) return;
    nextRequest = Date.now() + RETRY;
    loadPlotly(session.plotly).then(
      (loaded) => {
        plotly = loaded;
        schedule();
      },
      // The light drawing stays, until a later update asks again: the kernel may only have been busy.
      () => undefined,
    );
  }

  function hasPicture(): boolean {
    if (session.state.timeline !== null) return true;
    return [...session.state.histograms.values()].some(({ keys }) => keys.length > 0);
  }

  update();
  session.open();
  return () => {
    closed = true;
    keptUp.close();
    paint(null, el);
    session.close();
  };
}

export default { render };
