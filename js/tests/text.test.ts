import { describe, expect, it } from "vitest";
import { age, duration, plainBlock, plainLine, shortenMiddle } from "../src/text";

describe("durations and ages", () => {
  it.each([
    [0, "0 ms"],
    [34.4, "34 ms"],
    [99.6, "0.1 s"],
    [400, "0.4 s"],
    [8_000, "8 s"],
    [59_600, "1:00"],
    [130_000, "2:10"],
    [3_723_000, "1:02:03"],
    [93_784_000, "26:03:04"],
    [-5, "0 ms"],
  ])("%d ms is %s", (ms, words) => expect(duration(ms)).toBe(words));

  it.each([
    [10_000, "just now"],
    [300_000, "5 min ago"],
    [7_200_000, "2 h ago"],
    [86_400_000, "1 day ago"],
    [-1_000, "just now"],
  ])("%d ms ago is %s", (ms, words) => expect(age(ms)).toBe(words));
});

describe("foreign text", () => {
  it("loses bidirectional overrides and terminal escapes", () => {
    expect(plainLine("a\u202egnp.exe\u202c\u2066x\u2069", 50)).toBe("agnp.exex");
    expect(plainBlock("\u001b[31mred\u001b[0m\nnext", 50)).toBe("red\nnext");
  });

  it("shows other control characters as what they are: unreadable", () => {
    expect(plainLine("a\u0000b\u0085c", 50)).toBe("a\ufffdb\ufffdc");
  });

  it("keeps lines only in blocks", () => {
    expect(plainLine("one\r\ntwo\tthree", 50)).toBe("one two three");
    expect(plainBlock("one\r\ntwo", 50)).toBe("one\ntwo");
  });

  it("is shortened at the end, and not within a character", () => {
    expect(plainLine("x".repeat(1_000_000), 5)).toBe("xxxx…");
    expect(plainLine("😀😀😀😀", 3)).toBe("😀😀…");
  });

  it("keeps both ends of a bit string", () => {
    expect(shortenMiddle("0000000000000001", 7)).toBe("000…001");
    expect(shortenMiddle("0101", 7)).toBe("0101");
  });
});
