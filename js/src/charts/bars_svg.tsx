/** The counts as SVG: above 128 outcomes, while Plotly loads or where it cannot be loaded, and for saving. */
import { useState } from "preact/hooks";
import { count } from "../text";
import {
  axisOf,
  type Bar,
  CHARACTER,
  type ChartOptions,
  labelling,
  percent,
  short,
  slotsOf,
  ticks,
  unitOf,
} from "./bars";
import { Heading, LINE } from "./svg_parts";

/** Draw more bars than this as one path: thousands of elements are slow. */
export const MOST_BARS = 128;
const TOP = 14;
const RIGHT = 8;

interface Props {
  bars: readonly Bar[];
  options: ChartOptions;
  /** The total number of shots. */
  shots: number;
  /** Pixels. */
  width: number;
  height: number;
  label: string;
  /** Lines above the chart, for a saved file. */
  heading?: readonly string[];
}

export function BarsSvg({ bars, options, shots, width, height, label, heading = [] }: Props) {
  const [hovered, setHovered] = useState<number | null>(null);
  const axis = axisOf(bars, options.errors);
  const scale = unitOf(options, shots);
  const marks = ticks(axis.top * scale, 4, options.probability ? 0 : 1);
  const tickLabels = marks.map((mark) => short(mark, options.probability));
  const left = 12 + CHARACTER * Math.max(...tickLabels.map(({ length }) => length));
  const inner = Math.max(1, width - left - RIGHT);
  const { every, upright } = labelling(bars, inner);
  const longest = bars.reduce((most, bar) => Math.max(most, bar.label.length), 1);
  const bottom = upright ? longest * CHARACTER + 12 : 22;
  const top = TOP + heading.length * LINE;
  const plot = Math.max(20, height - top - bottom);
  const floor = top + plot;
  const y = (share: number) =>
    floor - (axis.top === 0 ? 0 : (Math.min(share, axis.top) / axis.top) * plot);
  const pitch = inner / slotsOf(bars);
  const start = left + (inner - bars.length * pitch) / 2;
  const middle = (i: number) => start + (i + 0.5) * pitch;
  const many = bars.length > MOST_BARS + 1;
  const half = (many ? 0.5 : 0.4) * pitch;
  const bar = hovered === null ? undefined : bars[hovered];
  const rest = bars.at(-1);
  return (
    <svg
      class="qjm-svg"
      xmlns="http://www.w3.org/2000/svg"
      width={width}
      height={height}
      role="img"
      aria-label={label}
      onPointerMove={(event) => {
        const x = event.clientX - event.currentTarget.getBoundingClientRect().left;
        const i = Math.floor((x - start) / pitch);
        setHovered(i >= 0 && i < bars.length ? i : null);
      }}
      onPointerLeave={() => setHovered(null)}
    >
      <Heading lines={heading} width={width} />
      {marks.map((mark, i) => (
        <g key={mark}>
          <line
            class="qjm-svg-grid"
            x1={left}
            x2={width - RIGHT}
            y1={y(mark / scale)}
            y2={y(mark / scale)}
          />
          <text class="qjm-svg-text" x={left - 6} y={y(mark / scale)} text-anchor="end" dy="0.32em">
            {tickLabels[i]}
          </text>
        </g>
      ))}
      {many ? (
        <Shape
          name="bar"
          d={bars
            .map(({ share, rest: isRest }, i) =>
              isRest ? "" : box(middle(i), half, y(share), floor),
            )
            .join("")}
        />
      ) : null}
      {bars.map((each, i) =>
        many && !each.rest ? null : (
          <Shape
            key={each.key}
            name={each.rest ? "rest" : "bar"}
            d={box(middle(i), half, y(each.share), floor)}
          />
        ),
      )}
      {options.errors && (
        <Shape
          name={many ? "error qjm-svg-fine" : "error"}
          d={bars.map(({ low, high }, i) => `M${middle(i)} ${y(low)}V${y(high)}`).join("")}
        />
      )}
      <Shape
        name="expected"
        d={bars
          .map(({ expected }, i) =>
            expected ? `M${middle(i) - half} ${y(expected)}h${2 * half}` : "",
          )
          .join("")}
      />
      {axis.cut && rest !== undefined && (
        <text class="qjm-svg-text" x={width - RIGHT} y={top - 4} text-anchor="end">
          {`↑ ${short(rest.share * scale, options.probability)}`}
        </text>
      )}
      {bars.map((each, i) =>
        i % every === 0 ? (
          <text
            key={each.key}
            class="qjm-svg-text qjm-svg-key"
            x={middle(i)}
            y={floor + (upright ? 6 : 15)}
            text-anchor={upright ? "end" : "middle"}
            dy={upright ? "0.32em" : undefined}
            transform={upright ? `rotate(-90 ${middle(i)} ${floor + 6})` : undefined}
          >
            {each.label}
          </text>
        ) : null,
      )}
      {bar !== undefined && (
        <text class="qjm-svg-text qjm-svg-key qjm-svg-pointed" x={left + 4} y={top - 3}>
          {`${bar.key}: ${count(bar.count)} · ${percent(bar.share)}`}
        </text>
      )}
    </svg>
  );
}

function Shape({ name, d }: { name: string; d: string }) {
  return d === "" ? null : <path class={`qjm-svg-${name}`} d={d} />;
}

function box(middle: number, half: number, top: number, floor: number): string {
  return `M${(middle - half).toFixed(2)} ${floor}V${top.toFixed(2)}h${(2 * half).toFixed(2)}V${floor}z`;
}
