/** Numbers of the trend. Pure. */
import type { Mark } from "../charts/scales";
import { marks } from "../charts/scales";
import type { Trend } from "../protocol/group_wire";

/** A value with at most seven digits, since energies differ late, and a minus sign. */
export function precise(value: number): string {
  const size = Math.abs(value);
  const text =
    size !== 0 && (size < 1e-3 || size >= 1e7)
      ? value.toExponential(4).replace(/(\.?0+)?e\+?/, "e")
      : String(+value.toPrecision(7));
  return text.replaceAll("-", "−");
}

/** The ends of the vertical axis. */
export function ends({ low, high }: Trend): [number, number] {
  const all = [...low, ...high].filter((value) => value !== null);
  if (all.length === 0) return [-1, 1];
  const [least, most] = [Math.min(...all), Math.max(...all)];
  const room = 0.06 * (most - least) || 0.05 * Math.abs(most) || 0.1;
  return [least - room, most + room];
}

/** Ticks at whole numbers of sets. */
export function setMarks(sets: number, most: number): readonly Mark[] {
  return marks(1, Math.max(2, sets), most).filter(({ at }) => Number.isInteger(at));
}

/** The point of the trend that is nearest to the number of a set; -1 without any. */
export function nearestPoint({ x }: Trend, number: number): number {
  let found = -1;
  for (const [i, each] of x.entries()) {
    if (found < 0 || Math.abs(each - number) < Math.abs((x[found] ?? 0) - number)) found = i;
  }
  return found;
}
