import { describe, expect, it } from "vitest";
import { slotsFor } from "../../src/components/virtual_rows";

describe("the elements of rows", () => {
  const shownAt = (first: number): number[] => Array.from({ length: 12 }, (_, i) => first + i);

  it("stay with their rows while those are shown", () => {
    const before = slotsFor(new Map(), shownAt(0), true);
    const after = slotsFor(before, shownAt(3), true);
    for (const row of [3, 7, 11]) expect(after.get(row)).toBe(before.get(row));
  });

  it("are reused in their order, and none is made while there are enough", () => {
    const before = slotsFor(new Map(), shownAt(0), true);
    const after = slotsFor(before, shownAt(500), true);
    expect([...after.values()]).toEqual([...before.values()]);
  });

  it("are not reused while the focus is among them", () => {
    const before = slotsFor(new Map(), shownAt(0), true);
    const after = slotsFor(before, [...shownAt(500), 3], false);
    expect(after.get(3)).toBe(before.get(3));
    const others = [...after].filter(([row]) => row !== 3).map(([, slot]) => slot);
    expect(others.filter((slot) => [...before.values()].includes(slot))).toEqual([]);
  });

  it("show one row each, however the table is scrolled", () => {
    let slots = slotsFor(new Map(), shownAt(0), true);
    for (const first of [1, 0, 40, 38, 39, 9_000, 3]) {
      // The row that has the focus stays, wherever the others are.
      const shown = [...new Set([...shownAt(first), 5])];
      slots = slotsFor(slots, shown, true);
      expect([...slots.keys()]).toEqual(shown);
      expect(new Set(slots.values()).size).toBe(shown.length);
    }
    expect(Math.max(...slots.values())).toBeLessThan(14);
  });
});
