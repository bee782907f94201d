/** The timeline: when each job waited and ran, or how many jobs did at each time. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Timeline } from "../protocol/wire";
import { kernelNow } from "../state/selectors";
import type { State } from "../state/state";
import { count, duration, plural } from "../text";
import type { PlotlyApi } from "./plotly";
import { useFrame } from "./theme";
import { drawTimeline, heightOf, type TimelinePicture } from "./timeline_plot";

interface Props {
  state: State;
  plotly: PlotlyApi | null;
  now: number;
}

export function TimelineView({ state, plotly, now }: Props) {
  const { timeline } = state;
  if (timeline === null || isEmpty(timeline) || plotly === null) {
    return <p class="qjm-empty">{emptyText(state, plotly)}</p>;
  }
  const at = kernelNow(state, now);
  return (
    <>
      <Drawing timeline={timeline} at={at} plotly={plotly} />
      <p class="qjm-caption qjm-timeline-legend" aria-hidden="true">
        <span class={`qjm-swatch qjm-swatch-waiting${timeline.bars === null ? "-line" : ""}`} />{" "}
        waiting
        <span class="qjm-swatch qjm-swatch-running" /> running
        {timeline.spans !== null && <span>▬ on the processor</span>}
        {timeline.bars !== null && <span>✕ error, cancelled or held</span>}
      </p>
      <p class="qjm-caption">{summary(timeline, at)}</p>
    </>
  );
}

function isEmpty({ bars, steps }: Timeline): boolean {
  return (bars?.length ?? 0) === 0 && (steps?.at.length ?? 0) === 0;
}

function emptyText({ connection, timeline }: State, plotly: PlotlyApi | null): string {
  if (connection === "disconnected") return "The timeline needs a kernel.";
  if (timeline === null) return "Loading the timeline…";
  if (isEmpty(timeline)) return "No job was sent yet: the timeline starts with the first one.";
  return plotly === null ? "Loading the timeline…" : "";
}

/** The timeline in words: the longest wait and run so far, or the most jobs at once. */
export function summary({ bars, steps, jobs }: Timeline, now: number): string {
  if (steps !== null) {
    const most = (numbers: readonly number[]) => numbers.reduce((a, b) => Math.max(a, b), 0);
    return `${plural(jobs, "job")}: at most ${count(most(steps.waiting))} waited and ${count(most(steps.running))} ran at once`;
  }
  let waited = 0;
  let ran = 0;
  for (const [, , sent, running, ended] of bars ?? []) {
    const end = Math.max(sent, ended ?? now);
    waited = Math.max(waited, (running ?? end) - sent);
    if (running !== null) ran = Math.max(ran, end - running);
  }
  return `${plural(jobs, "job")} · longest wait ${duration(waited)} · longest run ${duration(ran)}`;
}

interface DrawingProps {
  timeline: Timeline;
  at: number;
  plotly: PlotlyApi;
}

function Drawing({ timeline, at, plotly }: DrawingProps) {
  const frame = useRef<HTMLDivElement>(null);
  const element = useRef<HTMLDivElement>(null);
  const drawn = useRef<TimelinePicture | null>(null);
  const [failed, setFailed] = useState(false);
  const { width, theme } = useFrame(frame);
  const height = heightOf(timeline);

  useLayoutEffect(() => {
    if (element.current === null || theme === null || width === 0) return;
    const picture = { timeline, width, height, theme, now: at };
    const before = drawn.current;
    if (before !== null && samePicture(before, picture)) return;
    drawn.current = picture;
    drawTimeline(plotly, element.current, picture).catch(() => setFailed(true));
  });
  useLayoutEffect(() => {
    const chart = element.current;
    return () => {
      if (chart !== null) plotly.purge(chart);
    };
  }, [plotly]);
  return (
    <div class="qjm-chart" ref={frame} style={{ minHeight: `${height}px` }}>
      {failed ? (
        <p class="qjm-empty">The timeline cannot be drawn here. The table shows the times.</p>
      ) : (
        <div ref={element} role="img" aria-label={`Timeline. ${summary(timeline, at)}`} />
      )}
    </div>
  );
}

/** Whether a repaint would change nothing. The time matters only while a job is unfinished. */
function samePicture(a: TimelinePicture, b: TimelinePicture): boolean {
  const open = b.timeline.bars?.some(([, , , , ended]) => ended === null) ?? false;
  return (
    a.timeline === b.timeline &&
    a.width === b.width &&
    a.theme === b.theme &&
    (!open || a.now === b.now)
  );
}
