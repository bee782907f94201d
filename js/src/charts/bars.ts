/** Bars of a histogram: their order, short labels, intervals, and the other outcomes in one bar. Pure. */

import type { Histogram } from "../protocol/wire";
import { count, plural, shortenMiddle } from "../text";

/** How this view draws the counts. The kernel does not know these options. */
export interface ChartOptions {
  readonly probability: boolean;
  /** Sort by frequency instead of by bit string. */
  readonly byValue: boolean;
  readonly errors: boolean;
  readonly expected: boolean;
}

export const DEFAULT_CHART_OPTIONS: ChartOptions = {
  probability: false,
  byValue: false,
  errors: true,
  expected: true,
};

/** All numbers but `count` are shares of all shots. Charts scale them as the options say. */
export interface Bar {
  /** The whole bit string. */
  readonly key: string;
  /** The bit string, shortened for the axis. */
  readonly label: string;
  readonly count: number;
  readonly share: number;
  /** The limits of the 95 % confidence interval. */
  readonly low: number;
  readonly high: number;
  readonly expected: number | null;
  readonly rest: boolean;
}

const LABEL = 13;
/**
 * A rest bar is cut off if it is more than this many times as high as the tallest other bar, which would else be
 * too flat.
 */
const REST_LIMIT = 2;
const CUT = 1.15;
/** The quantile of a 95 % interval. */
const Z = 1.959963984540054;

export function barsOf(histogram: Histogram, options: ChartOptions): readonly Bar[] {
  const { keys, counts, rest, shots } = histogram;
  const expected = options.expected ? histogram.expected : null;
  const make = (
    key: string,
    n: number,
    expectedShare: number | undefined,
    isRest: boolean,
  ): Bar => {
    const [low, high] = wilson(n, shots);
    return {
      key,
      label: shortenMiddle(key, LABEL),
      count: n,
      share: n / Math.max(1, shots),
      low,
      high,
      expected: expectedShare ?? null,
      rest: isRest,
    };
  };
  const bars = keys.map((key, i) => make(key, counts[i] ?? 0, expected?.values[i], false));
  // Sorting is stable: bars of equal count stay in the order of their bit strings.
  if (options.byValue) bars.sort((a, b) => b.count - a.count);
  if (rest.outcomes > 0) {
    bars.push(make(plural(rest.outcomes, "other"), rest.shots, expected?.rest, true));
  }
  return bars;
}

/** Whether the chart can stay as it is. A job without counts of these circuits changes only the caption. */
export function sameBars(a: readonly Bar[], b: readonly Bar[]): boolean {
  const reads = ["key", "count", "share", "expected", "rest"] as const;
  return (
    a === b ||
    (a.length === b.length &&
      a.every((bar, i) => reads.every((read) => bar[read] === b[i]?.[read])))
  );
}

/** The factor from shares to the unit of the axis. */
export function unitOf(options: ChartOptions, shots: number): number {
  return options.probability ? 1 : shots;
}

/** The Wilson score interval of a probability (E. B. Wilson, J. Am. Stat. Assoc. 22, 209, 1927). */
export function wilson(count: number, shots: number): readonly [low: number, high: number] {
  if (shots <= 0) return [0, 1];
  // Mitigated counts may be negative or above the number of shots.
  const p = Math.min(1, Math.max(0, count / shots));
  const scale = 1 + (Z * Z) / shots;
  const centre = (p + (Z * Z) / (2 * shots)) / scale;
  const half = (Z * Math.sqrt((p * (1 - p)) / shots + (Z * Z) / (4 * shots * shots))) / scale;
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}

/** The upper end of the axis, as a share, and whether the rest bar is cut off there. */
export function axisOf(
  bars: readonly Bar[],
  errors: boolean,
): { readonly top: number; readonly cut: boolean } {
  const height = ({ share, high, expected }: Bar) =>
    Math.max(share, errors ? high : 0, expected ?? 0);
  const tallest = Math.max(0, ...bars.filter(({ rest }) => !rest).map(height));
  const last = bars.at(-1);
  const rest = last?.rest ? height(last) : 0;
  const cut = tallest > 0 && rest > REST_LIMIT * tallest;
  return { top: (cut ? CUT : 1.05) * Math.max(tallest, cut ? 0 : rest), cut };
}

export function caption({ jobs, of, shots }: Histogram): string {
  return `${count(jobs)} of ${plural(of, "job")} · ${plural(shots, "shot")}`;
}

export function restCaption(histogram: Histogram, cut: boolean): string | null {
  const { outcomes, shots } = histogram.rest;
  if (outcomes === 0) return null;
  const where = cut ? "last bar, cut off" : "last bar";
  return `${plural(outcomes, "other outcome")}, ${plural(shots, "shot")} (${where})`;
}

/** A share in per cent. Smaller shares get more digits. */
export function percent(part: number, unit = " %"): string {
  const digits = part >= 0.1 || part === 0 ? 1 : part >= 0.001 ? 2 : 3;
  return `${(100 * part).toFixed(digits)}${unit}`;
}

/** A short tick label. */
export function short(value: number, probability: boolean): string {
  if (probability) return `${+(100 * value).toFixed(2)}%`;
  if (value >= 1_000_000) return `${+(value / 1_000_000).toFixed(2)}M`;
  return value >= 1_000 ? `${+(value / 1_000).toFixed(2)}k` : String(+value.toFixed(4));
}

/**
 * Ticks in steps of 1, 2 or 5 times a power of ten, with at most `most` steps from 0 to `top`. A step is at least
 * `least`, so that ticks of shots are whole numbers.
 */
export function ticks(top: number, most: number, least = 1): readonly number[] {
  if (top <= 0) return [0];
  const rough = top / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(least, ([1, 2, 5, 10].find((x) => x * power >= rough) ?? 10) * power);
  const values: number[] = [];
  for (let value = 0; value <= top * 1.0001; value += step) values.push(value);
  return values;
}

/** Which bars have a label (every n-th), and whether the labels are rotated. */
export function labelling(
  bars: readonly Bar[],
  width: number,
): { readonly every: number; readonly upright: boolean } {
  const longest = bars.reduce((most, bar) => Math.max(most, bar.label.length), 1);
  const room = width / slotsOf(bars);
  const upright = longest * CHARACTER + CHARACTER > room;
  return { every: upright ? Math.max(1, Math.ceil(LINE / room)) : 1, upright };
}

/** Slots on the x axis: at least LEAST_SLOTS, so that a few bars are not too wide. */
export function slotsOf(bars: readonly Bar[]): number {
  return Math.max(LEAST_SLOTS, bars.length) + 0.2;
}

const LEAST_SLOTS = 6;
/** Width of a character in the monospaced label font, in pixels. */
export const CHARACTER = 6.7;
const LINE = 14;
