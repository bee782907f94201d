import { describe, expect, it, vi } from "vitest";
import { FakeKernel } from "../../demo/fake_kernel";
import type { Theme } from "../../src/charts/theme";
import { summary } from "../../src/charts/timeline";
import {
  attemptTraces,
  drawTimeline,
  heightOf,
  onTheClock,
  type TimelinePicture,
} from "../../src/charts/timeline_plot";
import type { Attempt, Timeline } from "../../src/protocol/wire";
import { button, scenario, settle, show, useFakeTime } from "../helpers";

const T0 = Date.UTC(2025, 10, 3, 10, 42);
const [DONE, ERROR, RUNNING, QUEUED] = [5, 6, 4, 3];
const bars: Attempt[] = [
  [0, 1, T0, T0 + 5_000, T0 + 8_000, DONE],
  [1, 1, T0 + 1_000, null, T0 + 4_000, ERROR],
  [1, 2, T0 + 6_000, T0 + 9_000, null, RUNNING],
  [2, 1, T0 + 7_000, null, null, QUEUED],
];
const timeline: Timeline = { kind: "timeline", v: 1, jobs: 3, bars, spans: null, steps: null };
const picture: TimelinePicture = {
  timeline,
  width: 400,
  height: 280,
  theme: {} as Theme,
  now: T0 + 10_000,
};

interface Drawn {
  y: number[];
  base: number[];
  x: number[];
  text: string[];
}

describe("the timeline", () => {
  it("has a bar for waiting and one for running, until now for unfinished jobs", () => {
    const [waiting, running, executed, stopped] = attemptTraces(picture, bars) as [
      Drawn,
      Drawn,
      Drawn,
      Drawn,
    ];
    expect(executed.y).toEqual([]);
    expect(waiting.y).toEqual([0, 1, 1, 2]);
    expect(waiting.x).toEqual([5_000, 3_000, 3_000, 3_000]);
    expect(waiting.base[0]).toBe(onTheClock(T0));
    expect(running.y).toEqual([0, 1]);
    expect(running.x).toEqual([3_000, 1_000]);
    expect(running.text[1]).toBe("Job 1, attempt 2: ran 1 s");
    expect(stopped.text).toEqual(["Job 1: error"]);
  });

  it("has a thinner bar for each time on the processor, inside that for running", () => {
    const spans: Timeline["spans"] = [
      [0, T0 + 5_500, T0 + 6_000],
      [0, T0 + 7_000, T0 + 7_900],
    ];
    const [, running, executed] = attemptTraces(
      { ...picture, timeline: { ...timeline, spans } },
      bars,
    ) as [Drawn, Drawn, Drawn & { width: number }];
    expect(executed.y).toEqual([0, 0]);
    expect(executed.x).toEqual([500, 900]);
    expect(executed.base[0]).toBe(onTheClock(T0 + 5_500));
    expect(executed.text[1]).toBe("Job 0: executed for 0.9 s");
    expect(executed.width).toBeLessThan(1);
    expect(executed.base[0]).toBeGreaterThan(running.base[0] ?? 0);
  });

  it("has a summary in words", () => {
    const words = "3 jobs · longest wait 5 s · longest run 3 s";
    expect(summary(timeline, T0 + 10_000)).toBe(words);
    const steps = { at: [T0, T0 + 1], waiting: [9, 2], running: [0, 4] };
    expect(summary({ ...timeline, jobs: 900, bars: null, steps }, T0)).toBe(
      "900 jobs: at most 9 waited and 4 ran at once",
    );
  });

  it("grows with the jobs, within limits", () => {
    expect(heightOf(timeline)).toBe(280);
    expect(heightOf({ ...timeline, jobs: 30 })).toBe(450);
    expect(heightOf({ ...timeline, jobs: 500 })).toBe(480);
  });

  it("of very many jobs is drawn as two lines", async () => {
    const react = vi.fn(async (..._: unknown[]) => undefined);
    const steps = { at: [T0], waiting: [1], running: [0] };
    const many = { ...timeline, jobs: 900, bars: null, steps };
    const plotly = { react, update: vi.fn(), purge: vi.fn() };
    await drawTimeline(plotly, document.createElement("div"), { ...picture, timeline: many });
    expect(react.mock.calls[0]?.[1]).toMatchObject([{ name: "running" }, { name: "waiting" }]);
  });
});

describe("the tabs", () => {
  useFakeTime();

  it("ask for what they show and for nothing else", async () => {
    const { el, kernel } = show(scenario("middle"));
    await settle();
    const choicesAreNull = () =>
      kernel.sent.flatMap((each) => (each.kind === "look" ? [each.choice === null] : []));
    expect(choicesAreNull().at(-1)).toBe(false);
    button(el, "Timeline").click();
    await settle();
    expect(choicesAreNull().at(-1)).toBe(true);
    expect(el.querySelector('[role="tabpanel"]')?.hasAttribute("hidden")).toBe(true);
    expect(el.textContent).toContain("Loading the timeline…");
    button(el, "Counts").click();
    await settle();
    expect(choicesAreNull().at(-1)).toBe(false);
  });

  it("go by the arrow keys", async () => {
    const { el } = show(scenario("middle"));
    await settle();
    const key = new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true });
    button(el, "Counts").dispatchEvent(key);
    await settle();
    expect(button(el, "Timeline").getAttribute("aria-selected")).toBe("true");
    expect(document.activeElement?.textContent).toBe("Timeline");
  });

  it("say so where no kernel answers", async () => {
    const kernel = new FakeKernel(scenario("middle"));
    kernel.answering = false;
    kernel.setTrait("snapshot", kernel.snapshot());
    const { el } = show(kernel);
    await settle(3_100);
    button(el, "Timeline").click();
    await settle();
    expect(el.textContent).toContain("The timeline needs a kernel.");
  });
});
