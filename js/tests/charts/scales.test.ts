import { describe, expect, it } from "vitest";
import { bases, map, rabi } from "../../demo/sweeps";
import { ends } from "../../src/charts/heat_map";
import { coordinateMarks, gaps, marks, number, range, rows, titles } from "../../src/charts/scales";
import { csv } from "../../src/charts/sweep";
import { DEFAULT_AXES, type Grid } from "../../src/protocol/wire";

const texts = (all: readonly { text: string }[]) => all.map(({ text }) => text);

describe("ticks", () => {
  it.each([
    [0, 1, ["0", "0.5", "1"]],
    [-0.31, 0.97, ["0", "0.5"]],
    [0, 19_999, ["0", "5000", "10000", "15000"]],
    [2, 2, ["2"]],
    [-3, -1, ["−3", "−2.5", "−2", "−1.5", "−1"]],
  ])("from %d to %d", (low, high, expected) =>
    expect(texts(marks(low, high, 4))).toEqual(expected),
  );

  it("of angles are parts of π", () => {
    expect(texts(coordinateMarks(0, 6.28319, 5))).toEqual(["0", "π/2", "π", "3π/2", "2π"]);
    expect(texts(coordinateMarks(-Math.PI, Math.PI, 3))).toEqual(["−π", "0", "π"]);
    expect(texts(coordinateMarks(0, 6, 4))).toEqual(["0", "2", "4", "6"]);
    expect(texts(coordinateMarks(0, 4 * Math.PI, 2.5))).toEqual(["0", "2π", "4π"]);
  });

  it.each([
    [0, "0"],
    [0.123456, "0.12346"],
    [-1.5, "−1.5"],
    [0.00001234, "1.23e−5"],
    [5_000_000_000, "5e9"],
  ])("write %d as %s", (value, text) => expect(number(value)).toBe(text));
});

const landscape = (values: (number | null)[][]): Grid => ({ x: [0, 1], y: [0], values });

describe("a sweep", () => {
  const half = rabi(DEFAULT_AXES, false);

  it("has shares from 0 to 1, or near its values", () => {
    expect(range(half)).toEqual([0, 1]);
    const values = {
      ...half,
      shares: false,
      series: [{ ...line(), low: [-2, null], high: [-1, null] }],
    };
    expect(range(values)).toEqual([-2.05, -0.95]);
    expect(range({ ...values, series: [] })).toEqual([-1, 1]);
  });

  it("has a gap where results are missing", () => {
    expect(gaps(half.series)).toEqual([[400, 539]]);
    expect(gaps(rabi(DEFAULT_AXES, true).series)).toEqual([]);
    expect(gaps(bases(DEFAULT_AXES).series)).toEqual([[14, 18]]);
    expect(gaps([line(), { ...line(), x: [1] }])).toEqual([]);
    const expected = { ...line(), x: [0, 0.1], y: [1, 1], expected: true };
    expect(gaps([line(), expected]), "what is expected is no result").toEqual([[1, 1]]);
    expect(gaps([expected])).toHaveLength(1);
    expect(gaps([]), "nothing is there yet").toHaveLength(1);
  });

  it("is a table of what is there", () => {
    expect(titles(half)).toEqual(["theta", "P(1)", "Low", "High"]);
    expect(rows(half)).toHaveLength(589 - 140);
    expect(titles(bases(DEFAULT_AXES))[1]).toBe("Series");
    expect(rows(map(DEFAULT_AXES, true))).toHaveLength(1_344);
    expect(titles(map(DEFAULT_AXES, false))).toEqual(["time", "detuning", "Expectation value"]);
  });

  it("is saved as CSV without formulas", () => {
    const evil = { ...half, labels: ["=1+1", "P(1)", ""], series: [line()] };
    expect(csv(evil)).toBe(`"'=1+1","P(1)","Low","High"\n0,0.5,0.4,0.6\n`);
  });

  it("has colours for values of both signs", () => {
    expect(ends(landscape([[0.2, null]]), true)).toEqual([0, 1]);
    expect(ends(landscape([[-1, 3]]), false)).toEqual([-3, 3]);
    expect(ends(landscape([[2, 3]]), false)).toEqual([2, 3]);
    expect(ends(landscape([[null, null]]), false)).toEqual([0, 1]);
  });
});

function line() {
  const [y, low, high] = [0.5, 0.4, 0.6].map((value) => [value, null]) as (number | null)[][];
  return {
    name: "",
    x: [0, 1],
    y: y ?? [],
    low: low ?? [],
    high: high ?? [],
    joined: true,
    expected: false,
  };
}
