/** The values of a loop over the numbers of its sets, as SVG. A click or the arrow keys choose a set. */
import { useState } from "preact/hooks";
import { CHARACTER } from "../charts/bars";
import { marks } from "../charts/scales";
import { Above, Below, BOTTOM, Left, TICK, Titles, TOP } from "../charts/svg_parts";
import type { Group } from "../protocol/group_wire";
import { count } from "../text";
import { ends, nearestPoint, precise, setMarks } from "./values";

const HEIGHT = 210;
const RIGHT = 14;
/** Room for the dots at both ends. */
const EDGE = 8;
/** With less room for a point than this, no dots are drawn. */
const ROOM = 6;
/** By how many sets a key moves the choice. */
const STEPS: Readonly<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowDown: -1,
  ArrowRight: 1,
  ArrowUp: 1,
  PageDown: -10,
  PageUp: 10,
  Home: -Infinity,
  End: Infinity,
};

interface Props {
  group: Group;
  chosen: number | null;
  width: number;
  onChoose: (number: number) => void;
  onOpen: () => void;
}

export function TrendChart({ group, chosen, width, onChoose, onOpen }: Props) {
  const [pointed, setPointed] = useState<number | null>(null);
  const { trend, sets, label, failures } = group;
  const [low, high] = ends(trend);
  const yMarks = marks(low, high, 5);
  const left = 26 + CHARACTER * Math.max(...yMarks.map(({ text }) => text.length));
  const inner = Math.max(3 * EDGE, width - left - RIGHT);
  const plot = HEIGHT - TOP - BOTTOM;
  const first = left + EDGE;
  const span = inner - 2 * EDGE;
  const px = (x: number) => (sets < 2 ? left + inner / 2 : first + ((x - 1) / (sets - 1)) * span);
  const py = (y: number) => TOP + plot - ((y - low) / (high - low)) * plot;
  const numberAt = (event: { clientX: number; currentTarget: Element }) => {
    const x = event.clientX - event.currentTarget.getBoundingClientRect().left;
    const number = 1 + ((x - first) / span) * (sets - 1);
    return Math.min(sets, Math.max(1, Math.round(number)));
  };
  const shown = pointed ?? chosen;
  const at = shown === null ? -1 : nearestPoint(trend, shown);
  const newest = trend.y.findLastIndex((y) => y !== null);
  return (
    <div
      class="qjm-trend"
      role="slider"
      tabIndex={0}
      aria-label={`Trend: ${label} of each set`}
      aria-valuemin={1}
      aria-valuemax={sets}
      aria-valuenow={chosen ?? sets}
      aria-valuetext={pointText(group, chosen ?? sets)}
      onPointerMove={(event) => setPointed(numberAt(event))}
      onPointerLeave={() => setPointed(null)}
      onClick={(event) => onChoose(numberAt(event))}
      onKeyDown={(event) => {
        const step = STEPS[event.key];
        if (event.key === "Enter") onOpen();
        else if (step === undefined) return;
        else onChoose(Math.min(sets, Math.max(1, (chosen ?? sets) + step)));
        event.preventDefault();
      }}
    >
      <svg class="qjm-svg" width={width} height={HEIGHT} aria-hidden="true">
        {yMarks.map(({ at: y }) => (
          <line key={y} class="qjm-svg-grid" x1={left} x2={width - RIGHT} y1={py(y)} y2={py(y)} />
        ))}
        <Left marks={yMarks} py={py} left={left} />
        <Below marks={setMarks(sets, inner / TICK)} px={px} floor={TOP + plot} />
        <Titles x="set" y={label} left={left} inner={inner} top={TOP} plot={plot} />
        {chosen !== null && (
          <line class="qjm-trend-chosen" x1={px(chosen)} x2={px(chosen)} y1={TOP} y2={TOP + plot} />
        )}
        {failures.map(([number]) => (
          <path key={number} class="qjm-trend-failed" d={cross(px(number), TOP + plot)} />
        ))}
        <Drawn group={group} dots={inner / Math.max(1, trend.x.length) >= ROOM} px={px} py={py} />
        {newest >= 0 && (
          <circle
            class="qjm-trend-newest"
            cx={px(trend.x[newest] ?? 1)}
            cy={py(trend.y[newest] ?? 0)}
            r={4}
          />
        )}
        {at >= 0 && trend.y[at] != null && (
          <circle
            class="qjm-trend-ring"
            cx={px(trend.x[at] ?? 1)}
            cy={py(trend.y[at] ?? 0)}
            r={6}
          />
        )}
        <Above left={left} top={TOP}>
          {shown !== null && pointText(group, shown)}
        </Above>
      </svg>
    </div>
  );
}

/** What is known of a set, or of the sets that are drawn as one point with it. */
function pointText({ trend, failures }: Group, number: number): string {
  const at = nearestPoint(trend, number);
  const y = trend.y[at] ?? null;
  const many = trend.size > 1 && y !== null;
  const first = at * trend.size + 1;
  const where = many
    ? `sets ${count(first)}–${count(first + trend.size - 1)}`
    : `set ${count(number)}`;
  if (failures.some(([failed]) => failed === number)) return `set ${count(number)}: failed`;
  if (y === null) return `${where}: no value`;
  const [low, high] = [trend.low[at] ?? y, trend.high[at] ?? y];
  return many && low !== high
    ? `${where}: ${precise(low)} to ${precise(high)}`
    : `${where}: ${precise(y)}`;
}

interface DrawnProps {
  group: Group;
  dots: boolean;
  px: (x: number) => number;
  py: (y: number) => number;
}

function Drawn({ group: { trend }, dots, px, py }: DrawnProps) {
  let line = "";
  let marked = "";
  let band = "";
  let above: string[] = [];
  let below: string[] = [];
  const x = (i: number) => px(trend.x[i] ?? 0).toFixed(1);
  for (let i = 0; i <= trend.y.length; i++) {
    const value = trend.y[i] ?? null;
    if (value === null) {
      if (above.length > 1) band += `M${[...above, ...below].join("L")}Z`;
      above = [];
      below = [];
      continue;
    }
    const place = `${x(i)} ${py(value).toFixed(1)}`;
    line += above.length === 0 ? `M${place}h0` : `L${place}`;
    marked += `M${place}h0`;
    above.push(`${x(i)} ${py(trend.high[i] ?? value).toFixed(1)}`);
    below.unshift(`${x(i)} ${py(trend.low[i] ?? value).toFixed(1)}`);
  }
  return (
    <>
      {trend.size > 1 && <path class="qjm-trend-band" d={band} />}
      <path class="qjm-trend-line" d={line} />
      {dots && <path class="qjm-trend-dots" d={marked} />}
    </>
  );
}

function cross(x: number, y: number): string {
  return `M${x - 3.5} ${y - 3.5}l7 7m0 -7l-7 7`;
}
