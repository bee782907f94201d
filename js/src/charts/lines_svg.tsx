/** A sweep over one coordinate as SVG: lines with error bars. */
import { useState } from "preact/hooks";
import type { Series } from "../protocol/wire";
import { CHARACTER } from "./bars";
import { coordinateMarks, gaps, marks, number, range } from "./scales";
import {
  Above,
  Below,
  BOTTOM,
  Heading,
  Left,
  LINE,
  type Scale,
  type SweepProps,
  TICK,
  Titles,
  TOP,
} from "./svg_parts";

const RIGHT = 12;
/** With less room for a point than this, a band is drawn instead of bars and dots. */
const ROOM = 5;

interface Pointed {
  readonly series: Series;
  readonly number: number;
  readonly at: number;
}

export function Lines({ sweep, errors, width, height, label, gapText, heading = [] }: SweepProps) {
  const [pointed, setPointed] = useState<Pointed | null>(null);
  const { series, labels } = sweep;
  const [low, high] = range(sweep);
  const yMarks = marks(low, high, 5);
  const left = 26 + CHARACTER * Math.max(...yMarks.map(({ text }) => text.length));
  const top = TOP + heading.length * LINE;
  const inner = Math.max(1, width - left - RIGHT);
  const plot = Math.max(20, height - top - BOTTOM);
  const [from, to] = sweep.ends;
  // Room for the dots and bars at both ends.
  const edge = Math.min(8, inner / 4);
  const px = (x: number) =>
    to === from ? left + inner / 2 : left + edge + ((x - from) / (to - from)) * (inner - 2 * edge);
  const py = (y: number) =>
    top + plot - ((Math.min(high, Math.max(low, y)) - low) / (high - low)) * plot;
  const missing = gaps(series);
  const name = sweep.labels[0] ?? "";
  const shownPoint = pointed === null ? undefined : series[pointed.number];
  return (
    <svg
      class="qjm-svg"
      xmlns="http://www.w3.org/2000/svg"
      width={width}
      height={height}
      role="img"
      aria-label={label}
      onPointerMove={(event) => {
        const box = event.currentTarget.getBoundingClientRect();
        setPointed(nearest(series, event.clientX - box.left, event.clientY - box.top, px, py));
      }}
      onPointerLeave={() => setPointed(null)}
    >
      <Heading lines={heading} width={width} />
      {missing.map(([first, last]) => {
        const x = series[0]?.x ?? [];
        const middle = (a: number, b: number) => (px(x[a] ?? from) + px(x[b] ?? to)) / 2;
        const start = first === 0 ? left : middle(first - 1, first);
        const end = last >= x.length - 1 ? left + inner : middle(last, last + 1);
        return (
          <rect
            key={first}
            class="qjm-svg-gap"
            x={start}
            y={top}
            width={end - start}
            height={plot}
          />
        );
      })}
      {yMarks.map(({ at }) => (
        <line key={at} class="qjm-svg-grid" x1={left} x2={width - RIGHT} y1={py(at)} y2={py(at)} />
      ))}
      <Left marks={yMarks} py={py} left={left} />
      <Below marks={coordinateMarks(from, to, inner / TICK)} px={px} floor={top + plot} />
      <Titles x={name} y={labels[1] ?? ""} left={left} inner={inner} top={top} plot={plot} />
      {series.map((each, i) => (
        <Drawn
          key={each.name}
          series={each}
          number={i}
          errors={errors}
          dense={each.x.length * ROOM > inner}
          px={px}
          py={py}
        />
      ))}
      {pointed !== null && shownPoint !== undefined ? (
        <Point {...pointed} series={shownPoint} px={px} py={py} name={name} left={left} top={top} />
      ) : (
        <Above left={left} top={top}>
          {missing.length > 0 && `Grey: ${gapText}`}
        </Above>
      )}
    </svg>
  );
}

interface DrawnProps {
  series: Series;
  number: number;
  errors: boolean;
  dense: boolean;
  px: Scale;
  py: Scale;
}

function Drawn({ series, number: n, errors, dense, px, py }: DrawnProps) {
  const { x, y, low, high, joined } = series;
  const at = (i: number, value: number) => `${px(x[i] ?? 0).toFixed(1)} ${py(value).toFixed(1)}`;
  const band = dense && joined;
  let line = "";
  let dots = "";
  let bars = "";
  let above = "";
  let below: string[] = [];
  let areas = "";
  for (let i = 0; i <= y.length; i++) {
    const value = y[i] ?? null;
    if (value === null) {
      if (above !== "") areas += `M${above}L${below.join("L")}Z`;
      above = "";
      below = [];
      continue;
    }
    const place = at(i, value);
    const [least, most] = [low[i] ?? value, high[i] ?? value];
    line += `${above === "" ? "M" : "L"}${place}${above === "" ? "h0" : ""}`;
    dots += `M${place}h0`;
    bars += `M${at(i, least)}V${py(most).toFixed(1)}`;
    above += `${above === "" ? "" : "L"}${at(i, most)}`;
    below.unshift(at(i, least));
  }
  return (
    <g class={seriesClass(series, n)}>
      {errors &&
        (band ? (
          <path class="qjm-svg-band" d={areas} />
        ) : (
          <path class="qjm-svg-whisker" d={bars} />
        ))}
      {joined && <path class={`qjm-svg-line${band ? " qjm-svg-dense" : ""}`} d={line} />}
      {!band && <path class={`qjm-svg-dots${dense ? " qjm-svg-dense" : ""}`} d={dots} />}
    </g>
  );
}

interface PointProps extends Pointed {
  px: Scale;
  py: Scale;
  name: string;
  left: number;
  top: number;
}

function Point({ series, number: n, at, px, py, name, left, top }: PointProps) {
  const value = series.y[at] ?? null;
  const x = series.x[at] ?? 0;
  if (value === null) return null;
  const interval = `${number(series.low[at] ?? value)} to ${number(series.high[at] ?? value)}`;
  return (
    <>
      <circle class={`qjm-svg-ring ${seriesClass(series, n)}`} cx={px(x)} cy={py(value)} r={5} />
      <Above left={left} top={top}>
        {`${name} ${number(x)}: ${number(value)} (${interval})${series.name && ` · ${series.name}`}`}
      </Above>
    </>
  );
}

/** The point with a result that is nearest to a place of the drawing. */
function nearest(
  all: readonly Series[],
  left: number,
  top: number,
  px: Scale,
  py: Scale,
): Pointed | null {
  let found: Pointed | null = null;
  let least = 40 ** 2;
  for (const [n, series] of all.entries()) {
    for (const [at, y] of series.y.entries()) {
      if (y === null) continue;
      const distance = (px(series.x[at] ?? 0) - left) ** 2 + ((py(y) - top) / 4) ** 2;
      if (distance < least) {
        least = distance;
        found = { series, number: n, at };
      }
    }
  }
  return found;
}

function seriesClass({ expected }: Series, n: number): string {
  return expected ? "qjm-expected" : `qjm-series-${n}`;
}

/** The names of the series with their marks. */
export function Legend({ series }: { series: readonly Series[] }) {
  if (series.length < 2) return null;
  return (
    <p class="qjm-caption qjm-legend">
      {series.map((each, i) => (
        <span key={each.name}>
          <svg class={seriesClass(each, i)} width="22" height="8" aria-hidden="true">
            <path class="qjm-svg-line" d="M1 4H21" />
            <path class="qjm-svg-dots" d="M11 4h0" />
          </svg>{" "}
          <bdi>{each.name}</bdi>
        </span>
      ))}
    </p>
  );
}
