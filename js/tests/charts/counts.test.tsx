import { describe, expect, it, vi } from "vitest";
import {
  axisOf,
  barsOf,
  type ChartOptions,
  caption,
  DEFAULT_CHART_OPTIONS,
  labelling,
  restCaption,
  sameBars,
  ticks,
  wilson,
} from "../../src/charts/bars";
import { readBits } from "../../src/charts/counts_options";
import { draw, label, type Picture, traces } from "../../src/charts/plot";
import { csv } from "../../src/charts/saving";
import type { Theme } from "../../src/charts/theme";
import { fileName } from "../../src/components/save_file";
import { type Choice, DEFAULT_CHOICE, type Histogram } from "../../src/protocol/wire";
import { button, type Shown, scenario, settle, show, useFakeTime } from "../helpers";

const histogram: Histogram = {
  choice: { ...DEFAULT_CHOICE, top: 2 },
  jobs: 6,
  of: 10,
  shots: 614_400,
  keys: ["00", "11"],
  counts: [290_000, 300_000],
  rest: { outcomes: 2, shots: 24_400 },
  expected: null,
  notes: [],
};
const expected = { values: [0.5, 0.5], rest: 0, fidelity: 0.96, distance: 0.04 };
const bars = (change: Partial<Histogram> = {}, options: Partial<ChartOptions> = {}) =>
  barsOf({ ...histogram, ...change }, { ...DEFAULT_CHART_OPTIONS, ...options });

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

  it("stand upright and are thinned where they do not fit", () => {
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

describe("drawing with Plotly", () => {
  const theme = { bar: "#00f", rest: "#888" } as Theme;
  const picture = (change: Partial<Histogram> = {}, options = DEFAULT_CHART_OPTIONS): Picture => ({
    bars: bars(change, options),
    options,
    shots: histogram.shots,
    width: 400,
    height: 280,
    theme,
  });
  const plotly = () => ({
    react: vi.fn(async () => undefined),
    update: vi.fn(async (..._: unknown[]) => undefined),
    purge: vi.fn(),
  });

  it("only updates while the outcomes stay", async () => {
    const api = plotly();
    const el = document.createElement("div");
    await draw(api, el, picture(), null);
    await draw(api, el, picture({ counts: [310_000, 290_000] }), picture());
    await draw(api, el, picture({ keys: ["00", "10"] }), picture());
    expect(api.react).toHaveBeenCalledTimes(2);
    expect(api.update).toHaveBeenCalledTimes(1);
    expect(api.update.mock.calls[0]).toMatchObject([
      el,
      { y: [[310_000, 290_000, 24_400]] },
      {},
      [0],
    ]);
  });

  it("draws shares, intervals and what was expected", () => {
    const [measured, hoped] = traces(
      picture({ expected }, { ...DEFAULT_CHART_OPTIONS, probability: true }),
    );
    expect(measured?.y[0]).toBeCloseTo(0.472);
    expect(measured?.error_y?.array[0]).toBeCloseTo(0.00125, 4);
    expect(hoped?.y).toEqual([0.5, 0.5, null]);
    const [counted, ...others] = traces(picture({}, { ...DEFAULT_CHART_OPTIONS, errors: false }));
    expect(counted?.error_y).toBeUndefined();
    expect(others).toEqual([]);
  });

  it("takes markup in keys for text", () => {
    expect(label("<b>&</b>")).toBe("&lt;b&gt;&amp;&lt;/b&gt;");
  });
});

describe("the pane", () => {
  useFakeTime();

  it("is calm before the first counts", async () => {
    const { el } = show(scenario("start"));
    await settle();
    expect(el.querySelector(".qjm-counts")?.textContent).toContain(
      "No counts yet: they appear when the first job is done.",
    );
  });

  it("draws by itself when Plotly does not come", async () => {
    const { el, kernel } = show(scenario("middle"));
    await settle(10_200);
    expect(kernel.sent.filter(({ kind }) => kind === "plotly")).toHaveLength(1);
    expect(el.querySelectorAll(".qjm-svg-bar")).toHaveLength(16);
    expect(el.querySelector(".qjm-svg")?.getAttribute("aria-label")).toBe(
      "Counts of all circuits, 6 of 10 jobs · 614,400 shots",
    );
  });

  it("has the counts as a table as well", async () => {
    const { el } = show(scenario("middle"));
    await settle();
    const [first] = el.querySelectorAll(".qjm-as-table tbody tr");
    const cells = [...(first?.children ?? [])].map((cell) => cell.textContent);
    expect(cells).toEqual(["0000", "147,200", "24.0 %", "23.9 – 24.1 %", "25.0 %"]);
  });

  it("tells how close the counts are to what was expected, and hides that on a click", async () => {
    const { el } = show(scenario("middle"));
    await settle();
    expect(el.querySelector(".qjm-likeness")?.textContent).toContain("Hellinger fidelity 0.853");
    expect(el.querySelector(".qjm-svg-expected")).not.toBeNull();
    button(el, "Expected").click();
    await settle();
    expect(el.querySelector(".qjm-likeness")).toBeNull();
    expect(el.querySelector(".qjm-svg-expected")).toBeNull();
  });

  it("draws many outcomes as one shape", async () => {
    const shown = show(scenario("many"));
    await settle();
    await choose(shown, "Number of outcomes", "1024");
    expect(shown.el.querySelectorAll(".qjm-svg-bar")).toHaveLength(1);
    expect(shown.el.querySelectorAll(".qjm-as-table tbody tr")).toHaveLength(1024);
  });

  it("shows one circuit, within the set's bounds", async () => {
    const shown = show(scenario("middle"));
    await settle();
    await choose(shown, "Circuits", "one");
    await type(shown, "Circuit, 0 to 999", "412");
    expect(choices(shown).at(-1)).toMatchObject({ circuit: 412 });
    expect(shown.el.querySelector(".qjm-caption")?.textContent).toContain("1 of 1 job");
    const before = choices(shown).length;
    await type(shown, "Circuit, 0 to 999", "1000");
    await type(shown, "Circuit, 0 to 999", "-1");
    expect(choices(shown)).toHaveLength(before);
    const input = shown.el.querySelector('[aria-label="Circuit, 0 to 999"]');
    expect(input?.getAttribute("aria-invalid")).toBe("true");
    await type(shown, "Circuit, 0 to 999", "413");
    expect(input?.getAttribute("aria-invalid")).toBe("false");
  });

  it("shows the circuits of a group, by name or by what their metadata says", async () => {
    const shown = show(scenario("middle"));
    await settle();
    await choose(shown, "Circuits", "group");
    await settle();
    expect(choices(shown).at(-1)).toMatchObject({ name: "bell", metadata: null });
    await choose(shown, "Group circuits by", ":depth");
    await settle();
    expect(choices(shown).at(-1)).toMatchObject({ name: null, metadata: ["depth", "2"] });
    await choose(shown, "Group", "4");
    expect(choices(shown).at(-1)).toMatchObject({ metadata: ["depth", "4"] });
    await choose(shown, "Circuits", "all");
    expect(choices(shown).at(-1)).toEqual(DEFAULT_CHOICE);
  });

  it("shows some bits of one register", async () => {
    const shown = show(scenario("middle"));
    await settle();
    button(shown.el, "Options").click();
    await settle();
    await choose(shown, "Classical register", "meas");
    await type(shown, "Bits, 0 is rightmost", "0, 1");
    expect(choices(shown).at(-1)).toMatchObject({ register: "meas", bits: [0, 1] });
    const rows = [...shown.el.querySelectorAll(".qjm-as-table tbody th")];
    expect(rows.map(({ textContent }) => textContent)).toEqual(["00", "01", "10", "11"]);
    await type(shown, "Bits, 0 is rightmost", "0, x");
    expect(choices(shown).at(-1)).toMatchObject({ bits: [0, 1] });
    expect(control(shown, "Bits, 0 is rightmost").getAttribute("aria-invalid")).toBe("true");
  });
});

function choices({ kernel }: Shown): (Choice | null)[] {
  return kernel.sent.flatMap((each) => (each.kind === "look" ? [each.choice] : []));
}

function control({ el }: Shown, name: string): HTMLInputElement {
  const found = el.querySelector<HTMLInputElement>(`[aria-label="${name}"]`);
  if (found === null) throw new Error(`no control "${name}"`);
  return found;
}

async function choose(shown: Shown, name: string, value: string): Promise<void> {
  const found = control(shown, name);
  found.value = value;
  found.dispatchEvent(new Event("change", { bubbles: true }));
  await settle();
}

async function type(shown: Shown, name: string, value: string): Promise<void> {
  const found = control(shown, name);
  found.value = value;
  found.dispatchEvent(new Event("input", { bubbles: true }));
  await settle();
}
