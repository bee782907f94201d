/** Draw bars with Plotly, updating only what has changed. */

import {
  axisOf,
  type Bar,
  CHARACTER,
  type ChartOptions,
  labelling,
  short,
  slotsOf,
  unitOf,
} from "./bars";
import type { PlotlyApi } from "./plotly";
import type { Theme } from "./theme";

export const CONFIG = {
  displayModeBar: false,
  staticPlot: false,
  typesetMath: false,
  scrollZoom: false,
  doubleClick: false,
};
const LEFT = 48;
const RIGHT = 8;

export interface Picture {
  readonly bars: readonly Bar[];
  readonly options: ChartOptions;
  readonly shots: number;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly theme: Theme;
}

/** Whether only the counts differ, so that Plotly can keep axes and labels. */
export function sameButCounts(a: Picture, b: Picture): boolean {
  return (
    a.width === b.width &&
    a.height === b.height &&
    a.theme === b.theme &&
    a.options === b.options &&
    a.bars.length === b.bars.length &&
    a.bars.every((bar, i) => bar.key === b.bars[i]?.key && bar.rest === b.bars[i]?.rest) &&
    hasExpected(a) === hasExpected(b) &&
    !axisOf(a.bars, a.options.errors).cut &&
    !axisOf(b.bars, b.options.errors).cut
  );
}

export function draw(
  plotly: PlotlyApi,
  element: HTMLElement,
  picture: Picture,
  before: Picture | null,
): Promise<unknown> {
  const drawn = traces(picture);
  if (before === null || !sameButCounts(before, picture)) {
    return plotly.react(element, drawn, layout(picture), CONFIG);
  }
  const all = <T>(read: (trait: Trace) => T) => drawn.map(read);
  const change = {
    y: all(({ y }) => y),
    "error_y.array": all(({ error_y }) => error_y?.array),
    "error_y.arrayminus": all(({ error_y }) => error_y?.arrayminus),
  };
  return plotly.update(element, change, { "yaxis.range": rangeOf(picture) }, [...drawn.keys()]);
}

/** Escape text for Plotly, which interprets some HTML in labels. */
export function label(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

interface Trace {
  /** Null where no mark is drawn. */
  readonly y: readonly (number | null)[];
  readonly error_y?: { readonly array: readonly number[]; readonly arrayminus: readonly number[] };
}

function hasExpected({ bars }: Picture): boolean {
  return bars.some(({ expected }) => expected !== null);
}

export function traces(picture: Picture): Trace[] {
  const { bars, options, shots, theme, width } = picture;
  const scale = unitOf(options, shots);
  const x = bars.map((_, i) => i);
  const unit = options.probability ? "<b>%{y:.2%}</b>" : "<b>%{y:,}</b> shots";
  const measured = {
    type: "bar",
    x,
    y: bars.map(({ count, share }) => (options.probability ? share : count)),
    customdata: bars.map(({ key }) => label(key)),
    hovertemplate: `%{customdata}<br>${unit}<extra></extra>`,
    marker: { color: bars.map(({ rest }) => (rest ? theme.rest : theme.bar)) },
    ...(options.errors && {
      error_y: {
        type: "data",
        symmetric: false,
        array: bars.map(({ share, high }) => scale * (high - share)),
        arrayminus: bars.map(({ share, low }) => scale * (share - low)),
        color: theme.text,
        thickness: 1.2,
        width: 0,
      },
    }),
  };
  if (!hasExpected(picture)) return [measured];
  const expected = {
    type: "scatter",
    mode: "markers",
    x,
    y: bars.map(({ expected: expectedShare }) => (expectedShare ? scale * expectedShare : null)),
    customdata: measured.customdata,
    hovertemplate: `%{customdata}<br>${unit.replace(",", ",.1f")} expected<extra></extra>`,
    cliponaxis: true,
    marker: {
      symbol: "line-ew",
      // A little wider than a bar. Plotly draws this symbol 1.4 times as long as its size.
      size: Math.max(3, (0.86 * (width - LEFT - RIGHT)) / slotsOf(bars) / 1.4),
      line: { width: 2, color: theme.expected },
    },
  };
  return [measured, expected];
}

function rangeOf({ bars, options, shots }: Picture): [number, number] {
  return [0, axisOf(bars, options.errors).top * unitOf(options, shots) || 1];
}

function layout(picture: Picture): object {
  const { bars, options, shots, width, height, theme } = picture;
  const { every, upright } = labelling(bars, width - LEFT - RIGHT);
  const longest = bars.reduce((most, bar) => Math.max(most, bar.label.length), 1);
  const marked = bars
    .map((bar, i) => ({ i, text: label(bar.label) }))
    .filter(({ i }) => i % every === 0);
  const axis = { fixedrange: true, zeroline: false, color: theme.muted };
  const { cut } = axisOf(bars, options.errors);
  const rest = bars.at(-1);
  return {
    width,
    height,
    margin: { l: LEFT, r: RIGHT, t: 14, b: upright ? longest * CHARACTER + 12 : 24 },
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
      range: [(bars.length - slotsOf(bars)) / 2 - 0.5, (bars.length + slotsOf(bars)) / 2 - 0.5],
      tickmode: "array",
      tickvals: marked.map(({ i }) => i),
      ticktext: marked.map(({ text }) => text),
      tickangle: upright ? -90 : 0,
      tickfont: { family: theme.codeFont, size: 11 },
    },
    yaxis: {
      ...axis,
      gridcolor: theme.grid,
      nticks: 5,
      tickformat: options.probability ? "~%" : "~s",
      range: rangeOf(picture),
    },
    annotations:
      cut && rest !== undefined
        ? [
            {
              x: bars.length - 1,
              y: 1,
              yref: "paper",
              yanchor: "bottom",
              xanchor: "right",
              xshift: 14,
              text: `↑ ${short(rest.share * unitOf(options, shots), options.probability)}`,
              showarrow: false,
              font: { size: 11, color: theme.muted },
            },
          ]
        : [],
  };
}
