/** Draws bars with Plotly into one element, and redraws no more than it has to. */
import type { PlotlyApi } from "../plotly";
import { type Bar, CHARACTER, labelling } from "./bars";
import type { Theme } from "./theme";

/** Above this many outcomes a stepped outline is drawn: bars take three times as long. */
const MOST_BARS = 128;
const CONFIG = {
  displayModeBar: false,
  staticPlot: false,
  typesetMath: false,
  scrollZoom: false,
  doubleClick: false,
};

export interface Picture {
  readonly bars: readonly Bar[];
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly theme: Theme;
}

/** Only the counts differ: Plotly can keep axes and labels. */
export function sameButCounts(a: Picture, b: Picture): boolean {
  return (
    a.width === b.width &&
    a.height === b.height &&
    a.theme === b.theme &&
    a.bars.length === b.bars.length &&
    a.bars.every((bar, i) => bar.key === b.bars[i]?.key && bar.rest === b.bars[i]?.rest)
  );
}

export function draw(
  plotly: PlotlyApi,
  element: HTMLElement,
  picture: Picture,
  before: Picture | null,
): Promise<unknown> {
  if (before !== null && sameButCounts(before, picture)) {
    return plotly.restyle(element, { y: [picture.bars.map((bar) => bar.count)] }, [0]);
  }
  return plotly.react(element, [trace(picture)], layout(picture), CONFIG);
}

/** Plotly reads some markup in labels; a key from a provider is only text. */
export function label(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

export function trace({ bars, theme }: Picture): object {
  const outline = bars.length > MOST_BARS;
  return {
    x: bars.map((_, i) => i),
    y: bars.map((bar) => bar.count),
    customdata: bars.map((bar) => label(bar.key)),
    hovertemplate: "%{customdata}<br><b>%{y:,}</b> shots<extra></extra>",
    ...(outline
      ? {
          type: "scatter",
          mode: "lines",
          fill: "tozeroy",
          fillcolor: theme.bar,
          line: { shape: "hvh", width: 0.5, color: theme.bar },
        }
      : {
          type: "bar",
          marker: { color: bars.map((bar) => (bar.rest ? theme.rest : theme.bar)) },
        }),
  };
}

function layout({ bars, width, height, theme }: Picture): object {
  const left = 48;
  const { every, upright } = labelling(bars, width - left - 8);
  const longest = bars.reduce((most, bar) => Math.max(most, bar.label.length), 1);
  const marked = bars
    .map((bar, i) => ({ i, text: label(bar.label) }))
    .filter(({ i }) => i % every === 0);
  const axis = { fixedrange: true, zeroline: false, color: theme.muted };
  return {
    width,
    height,
    margin: { l: left, r: 8, t: 10, b: upright ? longest * CHARACTER + 12 : 24 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: theme.font, size: 11, color: theme.text },
    showlegend: false,
    bargap: 0.22,
    hovermode: "closest",
    hoverlabel: {
      bgcolor: theme.surface,
      bordercolor: theme.grid,
      font: { family: theme.codeFont, size: 12, color: theme.text },
    },
    xaxis: {
      ...axis,
      showgrid: false,
      range: [-0.6, bars.length - 0.4],
      tickmode: "array",
      tickvals: marked.map(({ i }) => i),
      ticktext: marked.map(({ text }) => text),
      tickangle: upright ? -90 : 0,
      tickfont: { family: theme.codeFont, size: 11 },
    },
    yaxis: { ...axis, gridcolor: theme.grid, rangemode: "tozero", nticks: 5, tickformat: "~s" },
  };
}
