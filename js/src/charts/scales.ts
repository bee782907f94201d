/** Axes, gaps and rows of a sweep. Pure. */

import type { Series, Sweep } from "../protocol/wire";

export interface Mark {
  readonly at: number;
  readonly text: string;
}

/** Ticks in steps of 1, 2 or 5 times a power of ten, about `most` of them between the ends. */
export function marks(low: number, high: number, most: number): readonly Mark[] {
  if (!(high > low)) return [{ at: low, text: number(low) }];
  const rough = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5].find((x) => x * power >= rough * 0.999) ?? 10) * power;
  const first = Math.ceil(low / step - 1e-6);
  const last = Math.floor(high / step + 1e-6);
  return Array.from({ length: last - first + 1 }, (_, i) => {
    const at = +((first + i) * step).toPrecision(12);
    return { at, text: number(at) };
  });
}

/** Ticks of a coordinate: in quarters of a turn where it goes from one to another, as angles do. */
export function coordinateMarks(low: number, high: number, most: number): readonly Mark[] {
  const quarter = Math.PI / 2;
  const turns = [low, high].map((end) => end / quarter);
  const [from = 0, to = 0] = turns.map(Math.round);
  const angles = turns.every((turn) => Math.abs(turn - Math.round(turn)) < 1e-4);
  if (!angles || to - from < 1 || to - from > 8) return marks(low, high, most);
  const every = [1, 2, 4].find((step) => (to - from) / step <= most) ?? 8;
  return Array.from({ length: Math.floor((to - from) / every) + 1 }, (_, i) => {
    const n = from + every * i;
    return { at: n * quarter, text: angle(n) };
  });
}

function angle(quarters: number): string {
  if (quarters === 0) return "0";
  const [top, below] = quarters % 2 === 0 ? [quarters / 2, ""] : [quarters, "/2"];
  return `${top === 1 ? "" : top === -1 ? "−" : number(top)}π${below}`;
}

/** A number with at most five digits, and a minus sign. */
export function number(value: number): string {
  const size = Math.abs(value);
  const text =
    size !== 0 && (size < 1e-3 || size >= 1e6)
      ? value.toExponential(2).replace(/\.?0+e\+?/, "e")
      : String(+value.toPrecision(5));
  return text.replaceAll("-", "−");
}

/** The ends of the vertical axis: shares begin at 0 and do not end above 1. */
export function range({ series, shares }: Pick<Sweep, "series" | "shares">): [number, number] {
  const all = series.flatMap(({ low, high }) => [...low, ...high]).filter((y) => y !== null);
  const high = all.reduce((most, y) => Math.max(most, y), shares ? 0 : -Infinity);
  if (shares) return [0, high > 0.5 || high === 0 ? 1 : 1.05 * high];
  const low = all.reduce((least, y) => Math.min(least, y), Infinity);
  if (low > high) return [-1, 1];
  const room = 0.05 * (high - low) || 0.1;
  return [low - room, high + room];
}

/**
 * The runs of points without a result in any series, if all series have the same points. Without series, nothing is
 * there yet: one run over everything.
 */
export function gaps(all: readonly Series[]): readonly [from: number, to: number][] {
  const series = all.filter(({ expected }) => !expected);
  const first = series[0];
  if (first === undefined) return [[0, 0]];
  if (series.some(({ x }) => x.length !== first.x.length)) return [];
  const found: [number, number][] = [];
  for (let i = 0; i < first.x.length; i++) {
    if (series.some(({ y }) => y[i] != null)) continue;
    const last = found.at(-1);
    if (last?.[1] === i - 1) last[1] = i;
    else found.push([i, i]);
  }
  return found;
}

/** The values as rows of a table: coordinates, perhaps the series, the value and its interval. */
export function rows({ series, grid }: Sweep): readonly (readonly (string | number)[])[] {
  if (grid !== null) {
    return grid.values.flatMap((line, row) =>
      line.flatMap((value, column) =>
        value === null ? [] : [[grid.x[column] ?? 0, grid.y[row] ?? 0, value]],
      ),
    );
  }
  return series.flatMap(({ name, x, y, low, high }) =>
    y.flatMap((value, i) =>
      value === null
        ? []
        : [[x[i] ?? 0, ...(name === "" ? [] : [name]), value, low[i] ?? value, high[i] ?? value]],
    ),
  );
}

/** The titles of `rows`. */
export function titles({ series, grid, labels }: Sweep): readonly string[] {
  const [x = "", y = "", colour = ""] = labels;
  if (grid !== null) return [x, y, colour];
  return [x, ...(series[0]?.name ? ["Series"] : []), y, "Low", "High"];
}
