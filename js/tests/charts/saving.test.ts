import { describe, expect, it } from "vitest";
import { csv } from "../../src/charts/saving";
import { fileName } from "../../src/components/save_file";
import { bars, expected } from "./histograms";

describe("a file", () => {
  it("of counts has what is shown", () => {
    const lines = csv(bars({ expected })).split("\n");
    expect(lines[0]).toBe("outcome,shots,share,low,high,expected");
    expect(lines[1]).toMatch(/^"0b00",290000,0\.472\d+,0\.470\d+,0\.473\d+,0\.5$/);
    expect(lines[3]).toMatch(/^"the rest",24400,/);
    expect(lines).toHaveLength(5);
  });

  it("runs nothing in a spreadsheet", () => {
    const text = csv(bars({ keys: ['=cmd("x")', "0"] }));
    expect(text).toContain(`"'=cmd(""x"")"`);
    for (const key of ["+1", "-1", "@x", "＝1", " =1", "12", "1e5", "1.5", "\t=1"])
      expect(csv(bars({ keys: [key, "0"] })).split("\n")[1]).toMatch(/^"'/);
  });

  it("keeps bit strings text", () => {
    const keys = ["0", "01", "0 10", "1e1", "2"];
    const saved = csv(bars({ keys, counts: [1, 1, 1, 1, 1] }))
      .split("\n")
      .slice(1, 6);
    expect(saved.map((line) => line.split(",")[0])).toEqual([
      '"0b0"',
      '"0b01"',
      '"0b0 10"',
      `"'1e1"`,
      `"'2"`,
    ]);
  });

  it("is named after the set", () => {
    expect(fileName("bell sweep <b>/../é 3", "counts")).toBe("bell-sweep-b-..-é-3");
    expect(fileName("../", "counts")).toBe("counts");
  });
});
