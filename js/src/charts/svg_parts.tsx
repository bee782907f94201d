/** What several charts have in SVG: lines above them, ticks and titles. */
import type { ComponentChildren } from "preact";
import type { Sweep } from "../protocol/wire";
import { plainLine } from "../text";
import { CHARACTER } from "./bars";
import type { Mark } from "./scales";

/** Pixels above and below the plot of a sweep, and of a line above a chart. */
export const TOP = 20;
export const BOTTOM = 40;
export const LINE = 18;
/** Pixels that a tick of the horizontal axis needs. */
export const TICK = 60;

export interface SweepProps {
  sweep: Sweep;
  errors: boolean;
  /** Pixels. */
  width: number;
  height: number;
  label: string;
  /** Shown in gaps. */
  gapText: string;
  /** Lines above the chart, for a saved file. */
  heading?: readonly string[];
}

export type Scale = (value: number) => number;

export function Heading({ lines, width }: { lines: readonly string[]; width: number }) {
  return (
    <>
      {lines.map((line, i) => (
        <text key={line} class="qjm-svg-heading" x={12} y={LINE * (i + 1)}>
          {plainLine(line, Math.floor((width - 24) / CHARACTER))}
        </text>
      ))}
    </>
  );
}

/** One line right above the plot. */
export function Above({
  left,
  top,
  children,
}: {
  left: number;
  top: number;
  children: ComponentChildren;
}) {
  return (
    <text class="qjm-svg-text qjm-svg-pointed" x={left} y={top - 8}>
      {children}
    </text>
  );
}

/** The ticks below a chart. */
export function Below({
  marks: all,
  px,
  floor,
}: {
  marks: readonly Mark[];
  px: Scale;
  floor: number;
}) {
  return (
    <>
      {all.map(({ at, text }) => (
        <text key={at} class="qjm-svg-text" x={px(at)} y={floor + 15} text-anchor="middle">
          {text}
        </text>
      ))}
    </>
  );
}

interface TitlesProps {
  x: string;
  y: string;
  left: number;
  inner: number;
  top: number;
  plot: number;
}

/** The titles of both axes. */
export function Titles({ x, y, left, inner, top, plot }: TitlesProps) {
  const middle = top + plot / 2;
  const cut = (text: string, room: number) =>
    plainLine(text, Math.max(4, Math.floor(room / CHARACTER)));
  return (
    <>
      <text class="qjm-svg-text" x={left + inner / 2} y={top + plot + 33} text-anchor="middle">
        {cut(x, inner)}
      </text>
      <text
        class="qjm-svg-text"
        transform={`translate(12 ${middle}) rotate(-90)`}
        text-anchor="middle"
      >
        {cut(y, plot)}
      </text>
    </>
  );
}

/** The ticks to the left of a chart. */
export function Left({
  marks: all,
  py,
  left,
}: {
  marks: readonly Mark[];
  py: Scale;
  left: number;
}) {
  return (
    <>
      {all.map(({ at, text }) => (
        <text key={at} class="qjm-svg-text" x={left - 6} y={py(at)} text-anchor="end" dy="0.32em">
          {text}
        </text>
      ))}
    </>
  );
}
