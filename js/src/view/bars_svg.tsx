/** The counts without Plotly: while it loads, and where no kernel is there to send it. */
import { count } from "../text";
import { type Bar, CHARACTER, labelling, ticks } from "./bars";

interface Props {
  bars: readonly Bar[];
  /** Pixels. */
  width: number;
  height: number;
  label: string;
}

export function BarsSvg({ bars, width, height, label }: Props) {
  const tallest = bars.reduce((most, bar) => Math.max(most, bar.count), 0);
  const marks = ticks(tallest, 4);
  const left = 12 + CHARACTER * Math.max(...marks.map((mark) => short(mark).length));
  const inner = Math.max(1, width - left - 6);
  const { every, upright } = labelling(bars, inner);
  const longest = bars.reduce((most, bar) => Math.max(most, bar.label.length), 1);
  const bottom = upright ? longest * CHARACTER + 12 : 22;
  const top = 10;
  const plot = Math.max(20, height - top - bottom);
  const y = (value: number) => top + plot - (tallest === 0 ? 0 : (value / (tallest * 1.05)) * plot);
  const pitch = inner / Math.max(1, bars.length);
  return (
    <svg class="qjm-svg" width={width} height={height} role="img" aria-label={label}>
      {marks.map((mark) => (
        <g key={mark}>
          <line class="qjm-svg-grid" x1={left} x2={width - 6} y1={y(mark)} y2={y(mark)} />
          <text class="qjm-svg-text" x={left - 6} y={y(mark)} text-anchor="end" dy="0.32em">
            {short(mark)}
          </text>
        </g>
      ))}
      {bars.map((bar, i) => {
        const x = left + i * pitch;
        const middle = x + pitch / 2;
        return (
          <g key={bar.key}>
            <rect
              class={bar.rest ? "qjm-svg-rest" : "qjm-svg-bar"}
              x={x + pitch * 0.1}
              width={Math.max(0.5, pitch * 0.8)}
              y={y(bar.count)}
              height={Math.max(0, top + plot - y(bar.count))}
            >
              <title>{`${bar.key}: ${count(bar.count)}`}</title>
            </rect>
            {i % every === 0 && (
              <text
                class="qjm-svg-text qjm-svg-key"
                x={middle}
                y={top + plot + (upright ? 6 : 15)}
                text-anchor={upright ? "end" : "middle"}
                dy={upright ? "0.32em" : undefined}
                transform={upright ? `rotate(-90 ${middle} ${top + plot + 6})` : undefined}
              >
                {bar.label}
              </text>
            )}
          </g>
        );
      })}
    </svg>
  );
}

function short(value: number): string {
  if (value >= 1_000_000) return `${+(value / 1_000_000).toFixed(2)}M`;
  return value >= 1_000 ? `${+(value / 1_000).toFixed(2)}k` : String(value);
}
