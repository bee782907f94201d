/** The live panel as an anywidget module. */
import type { RenderProps } from "@anywidget/types";
import { render as paint } from "preact";
import { loadPlotly, type PlotlyApi } from "./charts/plotly";
import { inflate } from "./components/inflate";
import { fileName, saveFile } from "./components/save_file";
import { mount } from "./mount";
import { notifyOnEnd } from "./notify";
import { Panel } from "./panel/panel";
import { startHeartbeat } from "./state/heartbeat";
import { connect, type Session } from "./state/session";
import type { State } from "./state/state";

/** Milliseconds between requests for Plotly. */
const RETRY_DELAY = 30_000;

function render({ model, el }: Pick<RenderProps, "model" | "el">): () => void {
  return mount(
    el,
    (repaint) => connect(model, repaint, saveResults),
    (session, repaint) => panelView(session, repaint, el),
  );
}

function saveResults(name: string, gzip: Blob): void {
  void inflate(gzip).then((csv) => saveFile(`${fileName(name, "set")}-results.csv`, csv));
}

function panelView(session: Session, repaint: () => void, el: HTMLElement) {
  let plotly: PlotlyApi | null = null;
  let nextRequest = 0;
  const heartbeat = startHeartbeat(session.refresh);
  const notifyEnd = notifyOnEnd(el);

  /** Request Plotly when there is a chart to draw and a kernel to send it. */
  function requestPlotly({ connection, ...state }: State): void {
    if (plotly !== null || connection !== "connected" || !hasChart(state)) return;
    if (Date.now() < nextRequest) return;
    nextRequest = Date.now() + RETRY_DELAY;
    loadPlotly(session.plotly).then(
      (loaded) => {
        plotly = loaded;
        repaint();
      },
      // The kernel may only be busy: the SVG chart stays until a later update requests Plotly again.
      () => undefined,
    );
  }

  return {
    paint(): void {
      const { state } = session;
      paint(<Panel state={state} actions={session} plotly={plotly} />, el);
      heartbeat.update(state);
      notifyEnd(state);
      requestPlotly(state);
    },
    close: heartbeat.close,
  };
}

function hasChart({ timeline, histograms }: Pick<State, "timeline" | "histograms">): boolean {
  return timeline !== null || [...histograms.values()].some(({ keys }) => keys.length > 0);
}

export default { render };
