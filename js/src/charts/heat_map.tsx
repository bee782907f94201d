/** A sweep over two coordinates as SVG: a cell for each pair, darker for higher values. */
import { useState } from "preact/hooks";
import type { Grid } from "../protocol/wire";
import { CHARACTER } from "./bars";
import { coordinateMarks, type Mark, number } from "./scales";
import {
  Above,
  Below,
  BOTTOM,
  Heading,
  Left,
  LINE,
  type SweepProps,
  TICK,
  Titles,
  TOP,
} from "./svg_parts";

/** Colours of each sign, and the width of their legend. */
const LEVELS = 16;
const LEGEND = 66;

export function HeatMap({ sweep, width, height, label, gapText, heading = [] }: SweepProps) {
  const [pointed, setPointed] = useState<[column: number, row: number] | null>(null);
  const grid = sweep.grid as Grid;
  const { x, y, values } = grid;
  const [low, high] = ends(grid, sweep.shares);
  const rowMarks = places(y, 4);
  const left = 26 + CHARACTER * Math.max(1, ...rowMarks.map(({ text }) => text.length));
  const top = TOP + heading.length * LINE;
  const inner = Math.max(1, width - left - LEGEND - 8);
  const plot = Math.max(20, height - top - BOTTOM);
  const px = (column: number) => left + (column / x.length) * inner;
  const py = (row: number) => top + plot - (row / y.length) * plot;
  const box = (column: number, row: number) =>
    `M${px(column).toFixed(1)} ${py(row).toFixed(1)}H${px(column + 1).toFixed(1)}V${py(row + 1).toFixed(1)}H${px(column).toFixed(1)}Z`;
  const level = levelOf(low, high);
  const paths = new Map<number, string>();
  let known = "";
  for (const [row, line] of values.entries()) {
    for (const [column, value] of line.entries()) {
      if (value === null) continue;
      const cell = box(column, row);
      known += cell;
      paths.set(level(value), (paths.get(level(value)) ?? "") + cell);
    }
  }
  const at = pointed === null ? null : (values[pointed[1]]?.[pointed[0]] ?? null);
  const [across = "", up = ""] = sweep.labels;
  const legend = Array.from({ length: 33 }, (_, i) => low + ((high - low) * i) / 32);
  const end = left + inner + 14;
  return (
    <svg
      class="qjm-svg"
      xmlns="http://www.w3.org/2000/svg"
      width={width}
      height={height}
      role="img"
      aria-label={label}
      onPointerMove={(event) => {
        const frame = event.currentTarget.getBoundingClientRect();
        const column = Math.floor(((event.clientX - frame.left - left) / inner) * x.length);
        const row = Math.floor(((top + plot - (event.clientY - frame.top)) / plot) * y.length);
        setPointed([column, row]);
      }}
      onPointerLeave={() => setPointed(null)}
    >
      <Heading lines={heading} width={width} />
      <rect class="qjm-svg-gap" x={left} y={top} width={inner} height={plot} />
      <path class="qjm-svg-known" d={known} />
      {[...paths].map(([step, d]) => (
        <path key={step} class={classOf(step)} fill-opacity={Math.abs(step) / LEVELS} d={d} />
      ))}
      <Below marks={places(x, inner / TICK)} px={(column) => px(column + 0.5)} floor={top + plot} />
      <Left marks={rowMarks} py={(row) => py(row + 0.5)} left={left} />
      <Titles x={across} y={up} left={left} inner={inner} top={top} plot={plot} />
      {legend.map((value, i) => (
        <rect
          key={value}
          class={classOf(level(value))}
          fill-opacity={Math.abs(level(value)) / LEVELS}
          x={end}
          y={top + plot - ((i + 1) / legend.length) * plot}
          width={12}
          height={plot / legend.length}
        />
      ))}
      {[low, high].map((value, i) => (
        <text key={value} class="qjm-svg-text" x={end + 17} y={i === 0 ? top + plot : top + 9}>
          {number(value)}
        </text>
      ))}
      <Above left={left} top={top}>
        {at === null || pointed === null
          ? values.some((line) => line.includes(null))
            ? `Grey: ${gapText}`
            : ""
          : `${across} ${number(x[pointed[0]] ?? 0)}, ${up} ${number(y[pointed[1]] ?? 0)}: ${number(at)}`}
      </Above>
    </svg>
  );
}

/** The ends of the colours: all shares, or all values; values of both signs reach as far to both sides. */
export function ends({ values }: Grid, shares: boolean): [number, number] {
  if (shares) return [0, 1];
  const all = values.flat().filter((value) => value !== null);
  const low = all.reduce((least, value) => Math.min(least, value), Infinity);
  const high = all.reduce((most, value) => Math.max(most, value), -Infinity);
  if (low > high) return [0, 1];
  if (low < 0 && high > 0) return [-Math.max(-low, high), Math.max(-low, high)];
  return low === high ? [low - 1, high] : [low, high];
}

/** The step of a value: from 1 to LEVELS, and below 0 for negative values beside positive ones. */
function levelOf(low: number, high: number): (value: number) => number {
  if (low < 0 && high > 0) return (value) => Math.round((LEVELS * value) / high);
  return (value) => Math.round(LEVELS * Math.min(1, Math.max(0, (value - low) / (high - low))));
}

function classOf(step: number): string {
  return step < 0 ? "qjm-svg-cell qjm-series-1" : "qjm-svg-cell qjm-series-0";
}

/** Ticks at round values, placed among the columns or rows. */
function places(values: readonly number[], most: number): readonly Mark[] {
  const [first = 0] = values;
  return coordinateMarks(first, values.at(-1) ?? first, most).map(({ at, text }) => {
    const after = Math.max(
      1,
      values.findIndex((value) => value >= at - 1e-9),
    );
    const [from = first, to = first] = values.slice(after - 1, after + 1);
    return { at: after - 1 + (to > from ? (at - from) / (to - from) : 0), text };
  });
}
