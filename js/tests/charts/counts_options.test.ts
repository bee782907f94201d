import { describe, expect, it } from "vitest";
import { readBits } from "../../src/charts/counts_options";

describe("bits that are typed", () => {
  it.each([
    ["", null],
    ["  ", null],
    ["3", [3]],
    ["0, 2-4", [0, 2, 3, 4]],
    ["4-2", undefined],
    ["2-", undefined],
    ["q", undefined],
    ["1,1,0", [0, 1]],
    ["0-99999999", undefined],
  ])("%j", (text, bits) => expect(readBits(text)).toEqual(bits));
});
