import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import panel from "../../src/group";
import { ends, nearestPoint, precise, setMarks } from "../../src/group/values";
import type { Group, ToGroup } from "../../src/protocol/group_wire";
import { button, settle, useFakeTime } from "../helpers";

const NOW = Date.UTC(2025, 10, 3, 12);

const GROUP: Group = {
  v: 1,
  name: "VQE on H2",
  title: "ibm_fez · 4 sets · 4 circuits",
  sets: 4,
  lead: "2 of 4 done",
  line: "1 error, 1 running",
  numbers: [0, 0, 0, 0, 1, 2, 1, 0],
  going: true,
  elapsed: 65_000,
  label: "expectation value",
  newest: [3, -1.1372744],
  lowest: [3, -1.1372744],
  highest: [1, -0.5],
  trend: {
    x: [1, 2, 3, 4],
    y: [-0.5, null, -1.1372744, null],
    low: [-0.5, null, -1.1372744, null],
    high: [-0.5, null, -1.1372744, null],
    size: 1,
  },
  unread: 0,
  problem: null,
  failed: 1,
  failures: [[2, "b".repeat(32), "VQE on H2 2", "<b>no light</b>"]],
  opened: null,
  elsewhere: null,
  trouble: null,
};

/** A model and a kernel in one. */
class FakeGroup {
  readonly sent: ToGroup[] = [];
  private readonly handlers = new Map<string, (...args: unknown[]) => void>();

  constructor(
    public group: unknown,
    private readonly answering = true,
  ) {}

  get() {
    return this.group;
  }
  on(name: string, handler: (...args: unknown[]) => void) {
    this.handlers.set(name, handler);
  }
  off(name: string) {
    this.handlers.delete(name);
  }
  send(message: ToGroup) {
    this.sent.push(message);
    if (!this.answering) return;
    if (message.kind === "hello") this.message({ kind: "welcome", v: 1 });
    if (message.kind === "set") {
      this.message({
        kind: "set",
        v: 1,
        number: message.number,
        id: String(message.number).repeat(32),
        name: `VQE on H2 ${message.number}`,
        status: "done",
        text: "1 of 1 done",
        value: -0.5,
        error: "",
        created: NOW,
      });
    }
    if (message.kind === "do")
      this.message({ kind: "ack", v: 1, id: message.id, ok: false, text: "gone" });
  }
  message(content: object) {
    this.handlers.get("msg:custom")?.(content, []);
  }
  update(group: unknown) {
    this.group = group;
    this.handlers.get("change:group")?.();
  }
}

async function shown(model: FakeGroup) {
  const el = document.createElement("div");
  document.body.replaceChildren(el);
  const close = panel.render({ model: model as never, el });
  closers.push(close);
  await settle();
  return el;
}

const closers: (() => void)[] = [];

beforeEach(() => {
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(600);
  return () => vi.restoreAllMocks();
});

useFakeTime(NOW);

// After `useFakeTime`, so that this comes before what it does in the end.
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const slider = (el: HTMLElement) => el.querySelector<HTMLElement>('[role="slider"]');

function press(el: HTMLElement, key: string) {
  slider(el)?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
}

describe("the panel of a group", () => {
  it("shows progress, the newest value and the sets that failed", async () => {
    const el = await shown(new FakeGroup(GROUP));
    expect(el.textContent).toContain("2 of 4 done, 1 error, 1 running");
    expect(el.textContent).toContain("Newest expectation value−1.137274 set 3");
    expect(el.textContent).toContain("Highest−0.5 set 1");
    expect(el.textContent).toContain("1 set failed");
    expect(el.textContent).toContain("VQE on H2 2 · set 2 · <b>no light</b>");
    expect(el.querySelector(".qjm-failures b b")).toBeNull();
    expect(slider(el)?.getAttribute("aria-valuetext")).toBe("set 4: no value");
  });

  it("counts the time while the loop runs, and stops at its end", async () => {
    const model = new FakeGroup(GROUP);
    const el = await shown(model);
    expect(el.textContent).toContain("running for 1:05");
    await settle(10_000);
    expect(el.textContent).toContain("running for 1:15");
    model.update({ ...GROUP, going: false, elapsed: 80_000 });
    await settle(10_000);
    expect(el.textContent).toContain("took 1:20");
  });

  it("chooses a set by keys and opens it", async () => {
    const model = new FakeGroup(GROUP);
    const el = await shown(model);
    press(el, "Home");
    await settle();
    expect(model.sent.at(-1)).toEqual({ kind: "set", v: 1, number: 1 });
    expect(el.textContent).toContain("VQE on H2 1 · set 1 · 1 of 1 done · −0.5");
    press(el, "ArrowLeft");
    press(el, "ArrowRight");
    await settle();
    expect(el.textContent).toContain("VQE on H2 2 · set 2");
    expect(slider(el)?.getAttribute("aria-valuetext")).toBe("set 2: failed");
    press(el, "Enter");
    await settle();
    expect(model.sent.at(-1)).toMatchObject({ kind: "do", do: "open", set: "2".repeat(32) });
    expect(el.textContent).toContain("gone");
    button(el, "Choose no set").click();
    await settle();
    expect(el.textContent).toContain("Click the trend to choose a set.");
  });

  it("closes the set that is open", async () => {
    const model = new FakeGroup({ ...GROUP, opened: "b".repeat(32) });
    const el = await shown(model);
    button(el, "Close VQE on H2 2").click();
    expect(model.sent.at(-1)).toMatchObject({ kind: "do", do: "close", set: "b".repeat(32) });
  });

  it("says when no kernel answers, and when one does again", async () => {
    const model = new FakeGroup(GROUP, false);
    const el = await shown(model);
    await settle(3_100);
    expect(el.textContent).toContain("not connected to a kernel");
    expect(el.textContent).toContain("running for 1:05");
    model.update({ ...GROUP, lead: "3 of 4 done" });
    await settle();
    expect(el.textContent).not.toContain("not connected");
    expect(el.textContent).toContain("3 of 4 done");
  });

  it("asks again while another kernel drives a set", async () => {
    const model = new FakeGroup({ ...GROUP, elsewhere: "another kernel (process 4)" });
    const el = await shown(model);
    expect(el.textContent).toContain("driven by another kernel (process 4)");
    const before = model.sent.filter(({ kind }) => kind === "hello").length;
    await settle(5_100);
    expect(model.sent.filter(({ kind }) => kind === "hello")).toHaveLength(before + 1);
  });

  it("shows a group without sets", async () => {
    const empty = { x: [], y: [], low: [], high: [], size: 1 };
    const none = { sets: 0, newest: null, lowest: null, highest: null, failed: 0, failures: [] };
    const el = await shown(
      new FakeGroup({ ...GROUP, ...none, trend: empty, numbers: [0, 0, 0, 0, 0, 0, 0, 0] }),
    );
    expect(el.textContent).toContain("No set yet");
    expect(slider(el)).toBeNull();
  });

  it.each([
    { ...GROUP, v: 2 },
    { ...GROUP, trend: { ...GROUP.trend, y: ["<script>"] } },
    { ...GROUP, newest: [1] },
  ])("refuses what it cannot read", async (group) => {
    const el = await shown(new FakeGroup(group));
    expect(el.querySelector('[role="alert"]')?.textContent).toContain("Reload the page");
  });

  it("says what is wrong with the store or a value", async () => {
    const el = await shown(
      new FakeGroup({ ...GROUP, trouble: "disk full", problem: "no value", unread: 7 }),
    );
    expect(el.querySelector('[role="alert"]')?.textContent).toBe("disk full");
    expect(el.textContent).toContain("no value");
    expect(el.textContent).toContain("reading 7 values");
  });
});

describe("the numbers of a trend", () => {
  it.each([
    [-1.13727440001, "−1.137274"],
    [0, "0"],
    [1e-9, "1e−9"],
    [123456789, "1.2346e8"],
    [-3, "−3"],
  ])("are written with seven digits", (value, text) => {
    expect(precise(value)).toBe(text);
  });

  it("leave room above and below", () => {
    const trend = (values: (number | null)[]) => ({
      x: [],
      y: values,
      low: values,
      high: values,
      size: 1,
    });
    expect(ends(trend([]))).toEqual([-1, 1]);
    expect(ends(trend([null, 2]))).toEqual([1.9, 2.1]);
    const [low, high] = ends(trend([0, 1]));
    expect(low).toBeCloseTo(-0.06);
    expect(high).toBeCloseTo(1.06);
  });

  it("have ticks at whole sets", () => {
    expect(setMarks(1, 8).map(({ at }) => at)).toEqual([1, 2]);
    expect(setMarks(3, 8).map(({ at }) => at)).toEqual([1, 2, 3]);
  });

  it("are found by the number of their set", () => {
    expect(nearestPoint({ ...GROUP.trend, x: [2.5, 6.5], size: 4 }, 4)).toBe(0);
    expect(nearestPoint({ ...GROUP.trend, x: [2.5, 6.5], size: 4 }, 5)).toBe(1);
    expect(nearestPoint({ ...GROUP.trend, x: [] }, 5)).toBe(-1);
  });
});
