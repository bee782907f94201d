import { describe, expect, it } from "vitest";
import {
  axisOf,
  caption,
  labelling,
  restCaption,
  sameBars,
  ticks,
  wilson,
} from "../../src/charts/bars";
import { bars, expected, histogram } from "./histograms";

describe("the caption", () => {
  it("says how much is in it", () => {
    expect(caption(histogram)).toBe("6 of 10 jobs · 614,400 shots");
    expect(caption({ ...histogram, jobs: 1, of: 1, shots: 1 })).toBe("1 of 1 job · 1 shot");
  });

  it("says what the rest is", () => {
    const words = "2 other outcomes, 24,400 shots (last bar)";
    expect(restCaption(histogram, false)).toBe(words);
    expect(restCaption({ ...histogram, rest: { outcomes: 0, shots: 0 } }, false)).toBeNull();
  });

  it("says so when the bar of the rest is cut off, since it would press the others flat", () => {
    const wide = { rest: { outcomes: 1_022, shots: 9_000_000 }, shots: 9_590_000 };
    const { cut, top } = axisOf(bars(wide), true);
    expect(cut).toBe(true);
    expect(top).toBeLessThan(0.05);
    expect(restCaption({ ...histogram, ...wide }, cut)).toContain("(last bar, cut off)");
  });
});

describe("bars", () => {
  it("have the rest last and marked", () => {
    expect(bars().at(-1)).toMatchObject({ key: "2 others", count: 24_400, rest: true });
  });

  it("go by bit string, or the most frequent first with the rest still last", () => {
    expect(bars().map(({ key }) => key)).toEqual(["00", "11", "2 others"]);
    const byValue = bars({}, { byValue: true });
    expect(byValue.map(({ key }) => key)).toEqual(["11", "00", "2 others"]);
  });

  it("have the interval that Wilson gives", () => {
    const [low, high] = wilson(81, 263);
    expect([low.toFixed(4), high.toFixed(4)]).toEqual(["0.2553", "0.3662"]);
    expect(wilson(0, 0)).toEqual([0, 1]);
    // Mitigated counts may be below 0 or above the shots.
    for (const n of [-5, 105]) {
      const [least, most] = wilson(n, 100);
      expect(least).toBeGreaterThanOrEqual(0);
      expect(most).toBeLessThanOrEqual(1);
    }
  });

  it("are no others where only another job is in them that adds nothing", () => {
    expect(sameBars(bars(), bars({ jobs: 7 }))).toBe(true);
    expect(sameBars(bars(), bars({ counts: [290_001, 300_000] }))).toBe(false);
    expect(sameBars(bars(), bars({ shots: 614_401 }))).toBe(false);
    expect(sameBars(bars({ expected }), bars())).toBe(false);
    expect(sameBars(bars(), bars({ rest: { outcomes: 0, shots: 0 } }))).toBe(false);
  });

  it("have what was expected beside them while that is wanted", () => {
    expect(bars({ expected }).map((bar) => bar.expected)).toEqual([0.5, 0.5, 0]);
    expect(bars({ expected }, { expected: false })[0]?.expected).toBeNull();
    expect(bars()[0]?.expected).toBeNull();
  });

  it("shorten long bit strings on the axis alone", () => {
    const key = `${"0".repeat(126)}1`;
    const [bar] = bars({ keys: [key], counts: [1], rest: { outcomes: 0, shots: 0 } });
    expect(bar?.label).toBe("000000…000001");
    expect(bar?.key).toBe(key);
  });

  it("have rotated labels, and fewer of them, where they do not fit", () => {
    const keys = Array.from({ length: 256 }, (_, i) => i.toString(2).padStart(8, "0"));
    const many = bars({ keys, counts: keys.map(() => 1), rest: { outcomes: 0, shots: 0 } });
    expect(labelling(many, 500)).toEqual({ every: 8, upright: true });
    expect(labelling(bars(), 500)).toEqual({ every: 1, upright: false });
  });

  it("have round marks", () => {
    expect(ticks(147_200, 4)).toEqual([0, 50_000, 100_000]);
    expect(ticks(1, 4)).toEqual([0, 1]);
    expect(ticks(0, 4)).toEqual([0]);
    expect(ticks(0.5, 4, 0)).toEqual([0, 0.2, 0.4]);
  });
});
