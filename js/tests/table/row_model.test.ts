import { describe, expect, it } from "vitest";
import { cellText, circuitsText, spanText } from "../../src/table/row_model";

describe("the circuits of a row as text", () => {
  const span = { start: 3, stop: 4, piece: 0, pieces: 1, points: null };

  it.each([
    [span, "circuit 3"],
    [{ ...span, stop: 9 }, "circuits 3–8"],
    [{ ...span, piece: 1, pieces: 2 }, "circuit 3 · 2/2"],
    [{ ...span, points: [0, 1000] as const }, "circuit 3 · points 0–999"],
    [{ ...span, pieces: 2, points: [7, 8] as const }, "circuit 3 · points 7 · 1/2"],
  ])("%o", (given, text) => {
    expect(circuitsText(spanText(given))).toBe(text);
  });

  it("is the points alone where the set has one circuit", () => {
    const points = spanText({ ...span, start: 0, stop: 1, points: [0, 1000] as const }, 1);
    expect(circuitsText(points)).toBe("points 0–999");
    expect(cellText(points)).toBe("0–999");
    expect(cellText(spanText({ ...span, points: [0, 9] as const }, 5))).toBe("3 · points 0–8");
  });
});
