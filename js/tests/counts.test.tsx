import { describe, expect, it, vi } from "vitest";
import { barsOf, caption, labelling, restCaption, ticks } from "../src/view/bars";
import { draw, label, type Picture, trace } from "../src/view/plot";
import type { Theme } from "../src/view/theme";
import type { Histogram } from "../src/wire";
import { scenario, settle, show, useFakeTime } from "./helpers";

const histogram: Histogram = {
  circuit: null,
  top: 2,
  jobs: 6,
  of: 10,
  shots: 614_400,
  keys: ["00", "11"],
  counts: [300_000, 290_000],
  rest: { outcomes: 2, shots: 24_400 },
};

describe("the caption", () => {
  it("says how much is in it", () => {
    expect(caption(histogram)).toBe("6 of 10 jobs · 614,400 shots");
    expect(caption({ ...histogram, jobs: 1, of: 1, shots: 1 })).toBe("1 of 1 job · 1 shot");
  });

  it("says what the rest is", () => {
    expect(restCaption(histogram)).toBe("The rest: 2 other outcomes, 24,400 shots (the last bar)");
    expect(restCaption({ ...histogram, rest: { outcomes: 0, shots: 0 } })).toBeNull();
  });

  it("says so when the rest would press the bars flat", () => {
    const wide = { ...histogram, rest: { outcomes: 1_022, shots: 9_000_000 } };
    expect(restCaption(wide)).toContain("(not drawn)");
    expect(barsOf(wide)).toHaveLength(2);
  });
});

describe("bars", () => {
  it("have the rest last and marked", () => {
    expect(barsOf(histogram).at(-1)).toMatchObject({ key: "2 others", count: 24_400, rest: true });
  });

  it("shorten long bit strings on the axis alone", () => {
    const key = `${"0".repeat(126)}1`;
    const [bar] = barsOf({
      ...histogram,
      keys: [key],
      counts: [1],
      rest: { outcomes: 0, shots: 0 },
    });
    expect(bar?.label).toBe("000000…000001");
    expect(bar?.key).toBe(key);
  });

  it("stand upright and are thinned where they do not fit", () => {
    const many = barsOf({
      ...histogram,
      keys: Array.from({ length: 256 }, (_, i) => i.toString(2).padStart(8, "0")),
      counts: Array.from({ length: 256 }, () => 1),
    });
    expect(labelling(many, 500)).toEqual({ every: 8, upright: true });
    expect(labelling(barsOf(histogram), 500)).toEqual({ every: 1, upright: false });
  });

  it("have round marks", () => {
    expect(ticks(147_200, 4)).toEqual([0, 50_000, 100_000]);
    expect(ticks(1, 4)).toEqual([0, 1]);
    expect(ticks(0, 4)).toEqual([0]);
  });
});

describe("drawing with Plotly", () => {
  const theme = { bar: "#00f", rest: "#888" } as Theme;
  const picture = (change: Partial<Histogram> = {}): Picture => ({
    bars: barsOf({ ...histogram, ...change }),
    width: 400,
    height: 280,
    theme,
  });
  const plotly = () => ({
    react: vi.fn(async () => undefined),
    restyle: vi.fn(async () => undefined),
    purge: vi.fn(),
  });

  it("only restyles while the outcomes stay", async () => {
    const api = plotly();
    const el = document.createElement("div");
    await draw(api, el, picture(), null);
    await draw(api, el, picture({ counts: [310_000, 300_000] }), picture());
    await draw(api, el, picture({ keys: ["00", "10"] }), picture());
    expect(api.react).toHaveBeenCalledTimes(2);
    expect(api.restyle).toHaveBeenCalledExactlyOnceWith(
      el,
      { y: [[310_000, 300_000, 24_400]] },
      [0],
    );
  });

  it("draws an outline above 128 outcomes", () => {
    const keys = Array.from({ length: 200 }, (_, i) => String(i));
    expect(trace(picture())).toMatchObject({ type: "bar" });
    expect(trace(picture({ keys, counts: keys.map(() => 1) }))).toMatchObject({
      type: "scatter",
      fill: "tozeroy",
      line: { shape: "hvh" },
    });
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
      "No counts yet: they appear as soon as the first job is done.",
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
    expect([...(first?.children ?? [])].map((cell) => cell.textContent)).toEqual([
      "0000",
      "147,200",
      "24.0 %",
    ]);
  });

  it("shows one circuit, within the set's bounds", async () => {
    const { el, kernel } = show(scenario("middle"));
    await settle();
    const whose = el.querySelector<HTMLSelectElement>('[aria-label="Whose counts"]');
    if (whose === null) throw new Error("no choice");
    whose.value = "one";
    whose.dispatchEvent(new Event("change", { bubbles: true }));
    await settle();
    const input = el.querySelector<HTMLInputElement>('[aria-label="Circuit, 0 to 999"]');
    if (input === null) throw new Error("no input");
    const looks = () => kernel.sent.filter(({ kind }) => kind === "look");
    const type = async (value: string) => {
      input.value = value;
      input.dispatchEvent(new Event("input", { bubbles: true }));
      await settle();
    };
    await type("412");
    expect(looks().at(-1)).toMatchObject({ circuit: 412 });
    expect(el.querySelector(".qjm-caption")?.textContent).toContain("1 of 1 job");
    const before = looks().length;
    await type("1000");
    await type("-1");
    expect(looks()).toHaveLength(before);
  });
});
