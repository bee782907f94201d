/** Draw the timeline with Plotly. */

import { STATUS_LABELS } from "../components/status";
import { type Attempt, STATUSES, type Timeline } from "../protocol/wire";
import { duration } from "../text";
import { CONFIG } from "./plot";
import type { PlotlyApi } from "./plotly";
import type { Theme } from "./theme";

export interface TimelinePicture {
  readonly timeline: Timeline;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly theme: Theme;
  /** The kernel's clock in milliseconds since 1970 UTC: bars of unfinished jobs end there. */
  readonly now: number;
}

const LEAST = 280;
const MOST = 480;
const ROW = 13;

export function heightOf({ bars, jobs }: Timeline): number {
  return bars === null ? LEAST : Math.min(MOST, Math.max(LEAST, 60 + ROW * jobs));
}

export function drawTimeline(
  plotly: PlotlyApi,
  element: HTMLElement,
  picture: TimelinePicture,
): Promise<unknown> {
  const { bars, steps } = picture.timeline;
  const traces = steps !== null ? stepTraces(picture, steps) : attemptTraces(picture, bars ?? []);
  return plotly.react(element, traces, layout(picture), CONFIG);
}

/** Shift a time so that Plotly, which formats dates in UTC, shows local time. */
export function onTheClock(ms: number): number {
  return ms - 60_000 * new Date(ms).getTimezoneOffset();
}

export function attemptTraces(
  { theme, now, timeline }: TimelinePicture,
  bars: readonly Attempt[],
): object[] {
  const ends = bars.map(([, , sent, , ended]) => Math.max(sent, ended ?? now));
  const waiting = bars.map((each, i) => span(each, each[2], each[3] ?? ends[i] ?? now, "waited"));
  const running = bars.flatMap((each, i) =>
    each[3] === null ? [] : [span(each, each[3], ends[i] ?? now, "ran")],
  );
  const stopped = bars.flatMap((each, i) => {
    const status = STATUSES[each[5]];
    const bad = status === "error" || status === "cancelled" || status === "held";
    return bad && each[4] !== null ? [{ job: each[0], at: ends[i] ?? now, status }] : [];
  });
  return [
    gantt(waiting, {
      color: theme.waiting,
      pattern: {
        shape: "/",
        fillmode: "overlay",
        size: 5,
        solidity: 0.35,
        fgcolor: theme.surface,
        fgopacity: 0.55,
      },
    }),
    gantt(running, { color: theme.running }),
    {
      ...gantt(
        (timeline.spans ?? []).map(([job, from, to]) => span([job, 1], from, to, "executed for")),
        { color: theme.text },
      ),
      width: 0.25,
    },
    {
      type: "scatter",
      mode: "markers",
      x: stopped.map(({ at }) => onTheClock(at)),
      y: stopped.map(({ job }) => job),
      text: stopped.map(({ job, status }) => `Job ${job}: ${STATUS_LABELS[status].toLowerCase()}`),
      hovertemplate: "%{text}<extra></extra>",
      cliponaxis: false,
      marker: { symbol: "x-thin", size: 8, line: { width: 2, color: theme.failed } },
    },
  ];
}

interface Span {
  readonly job: number;
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

function span(
  [job, attempt]: readonly [job: number, attempt: number, ...rest: unknown[]],
  from: number,
  to: number,
  word: string,
): Span {
  const which = attempt > 1 ? `, attempt ${attempt}` : "";
  return { job, from, to, text: `Job ${job}${which}: ${word} ${duration(to - from)}` };
}

function gantt(spans: readonly Span[], marker: object): object {
  return {
    type: "bar",
    orientation: "h",
    y: spans.map(({ job }) => job),
    base: spans.map(({ from }) => onTheClock(from)),
    x: spans.map(({ from, to }) => Math.max(0, to - from)),
    text: spans.map(({ text }) => text),
    textposition: "none",
    hovertemplate: "%{text}<extra></extra>",
    marker,
  };
}

export function stepTraces(
  { theme }: TimelinePicture,
  { at, waiting, running }: NonNullable<Timeline["steps"]>,
): object[] {
  const x = at.map(onTheClock);
  const steps = (name: string, y: readonly number[], line: object) => ({
    type: "scatter",
    mode: "lines",
    name,
    x,
    y,
    hovertemplate: `%{y:,} ${name}<extra></extra>`,
    line: { shape: "hv", ...line },
  });
  return [
    { ...steps("running", running, { width: 1.5, color: theme.running }), fill: "tozeroy" },
    // Last, so that the filled area does not hide it.
    steps("waiting", waiting, { width: 2, color: theme.waiting, dash: "4px,2px" }),
  ];
}

function layout({ timeline, width, height, theme, now }: TimelinePicture): object {
  const { bars, jobs } = timeline;
  const axis = { fixedrange: true, zeroline: false, color: theme.muted };
  const first = bars?.reduce((least, [, , sent]) => Math.min(least, sent), now) ?? now;
  const last = bars?.reduce((most, [, , , , ended]) => Math.max(most, ended ?? now), first) ?? now;
  // At least one second, or the axis would have no range.
  const room = Math.max(1_000, last - first);
  return {
    width,
    height,
    margin: { l: 48, r: 12, t: 10, b: 40 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: theme.font, size: 11, color: theme.text },
    showlegend: false,
    barmode: "overlay",
    bargap: jobs > 100 ? 0 : 0.25,
    hovermode: bars === null ? "x" : "closest",
    hoverlabel: {
      bgcolor: theme.surface,
      bordercolor: theme.grid,
      font: { family: theme.font, size: 12, color: theme.text },
    },
    xaxis: {
      ...axis,
      type: "date",
      gridcolor: theme.grid,
      nticks: Math.max(3, Math.floor(width / 90)),
      ...(bars !== null && {
        range: [onTheClock(first - 0.01 * room), onTheClock(first + 1.02 * room)],
      }),
    },
    yaxis:
      bars === null
        ? { ...axis, gridcolor: theme.grid, rangemode: "tozero", tickformat: "~s" }
        : {
            ...axis,
            showgrid: false,
            range: [jobs - 0.4, -0.6],
            tickformat: "d",
            title: { text: "Job", standoff: 4 },
            nticks: Math.min(jobs + 1, Math.floor(height / 24)),
          },
  };
}
