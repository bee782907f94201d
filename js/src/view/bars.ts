/** From a histogram to what is drawn: one order of bars, short labels, and the rest. Pure. */
import { plural, shortenMiddle } from "../text";
import type { Histogram } from "../wire";

export interface Bar {
  /** The whole bit string. */
  readonly key: string;
  /** What fits below the axis. */
  readonly label: string;
  readonly count: number;
  readonly rest: boolean;
}

const LABEL = 13;
/** Above this many times the tallest bar, the rest would press all others flat. */
const REST_LIMIT = 2;

export function barsOf({ keys, counts, rest }: Histogram): readonly Bar[] {
  const bars: Bar[] = keys.map((key, i) => ({
    key,
    label: shortenMiddle(key, LABEL),
    count: counts[i] ?? 0,
    rest: false,
  }));
  if (restIsDrawn({ counts, rest })) {
    const others = `${plural(rest.outcomes, "other")}`;
    bars.push({ key: others, label: others, count: rest.shots, rest: true });
  }
  return bars;
}

export function restIsDrawn({ counts, rest }: Pick<Histogram, "counts" | "rest">): boolean {
  const tallest = counts.reduce((most, each) => Math.max(most, each), 0);
  return rest.outcomes > 0 && rest.shots <= REST_LIMIT * tallest;
}

export function caption({ jobs, of, shots }: Histogram): string {
  return `${jobs.toLocaleString("en-US")} of ${plural(of, "job")} · ${plural(shots, "shot")}`;
}

export function restCaption(histogram: Histogram): string | null {
  const { outcomes, shots } = histogram.rest;
  if (outcomes === 0) return null;
  const where = restIsDrawn(histogram) ? "the last bar" : "not drawn";
  return `The rest: ${plural(outcomes, "other outcome")}, ${plural(shots, "shot")} (${where})`;
}

/** Steps of 1, 2 or 5 times a power of ten, at most `most` of them up to `top`. */
export function ticks(top: number, most: number): readonly number[] {
  if (top <= 0) return [0];
  const rough = top / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, ([1, 2, 5, 10].find((x) => x * power >= rough) ?? 10) * power);
  const values: number[] = [];
  for (let value = 0; value <= top * 1.0001; value += step) values.push(value);
  return values;
}

/** Every how many bars a label fits, and whether it has to stand upright. */
export function labelling(
  bars: readonly Bar[],
  width: number,
): { readonly every: number; readonly upright: boolean } {
  const longest = bars.reduce((most, bar) => Math.max(most, bar.label.length), 1);
  const room = width / Math.max(1, bars.length);
  const upright = longest * CHARACTER + CHARACTER > room;
  return { every: upright ? Math.max(1, Math.ceil(LINE / room)) : 1, upright };
}

/** Pixels of the labels' fixed-width font. */
export const CHARACTER = 6.7;
const LINE = 14;
