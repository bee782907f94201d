import { describe, expect, it } from "vitest";
import { NOW } from "../../demo/scenarios";
import { rabi } from "../../demo/sweeps";
import type { Axes, Series } from "../../src/protocol/wire";
import { button, press, type Shown, scenario, settle, show, useFakeTime } from "../helpers";

useFakeTime(NOW);

async function shown(name: string): Promise<Shown> {
  const made = show(scenario(name));
  await settle(400);
  return made;
}

const tabs = (el: HTMLElement) =>
  [...el.querySelectorAll('[role="tab"]')].map((tab) => tab.textContent);
const chosen = (el: HTMLElement) =>
  el.querySelector('[role="tab"][aria-selected="true"]')?.textContent;
const select = (el: HTMLElement, label: string) => {
  const found = el.querySelector<HTMLSelectElement>(`select[aria-label="${label}"]`);
  if (found === null) throw new Error(`no menu "${label}"`);
  return found;
};
const lastLook = ({ kernel }: Shown) => kernel.sent.findLast((each) => each.kind === "look");

describe("a set that is a sweep", () => {
  it("shows it first, with what it is and how much of it is there", async () => {
    const { el } = await shown("sweep");
    expect(tabs(el)).toEqual(["Sweep", "Counts", "Timeline"]);
    expect(chosen(el)).toBe("Sweep");
    const drawing = el.querySelector(".qjm-sweep svg");
    expect(drawing?.getAttribute("aria-label")).toMatch(
      /^Sweep\. P\(1\) over theta · 12,400 of 20,000/,
    );
    expect(el.querySelectorAll(".qjm-svg-gap")).toHaveLength(1);
    expect(drawing?.textContent).toContain("Grey: no results yet");
    expect(drawing?.textContent).toContain("0π/2π3π/22π");
    expect(el.querySelector(".qjm-captions")?.textContent).toContain("95 % Wilson intervals");
  });

  it("shows its coordinate before the first result", async () => {
    const set = scenario("sweep");
    const empty = (axes: Axes) => ({ ...rabi(axes, false), y: [], ys: [], series: [] });
    const { el } = show({ ...set, sweep: empty });
    await settle(400);
    const drawing = el.querySelector(".qjm-sweep svg");
    expect(drawing?.querySelectorAll(".qjm-svg-gap")).toHaveLength(1);
    expect(drawing?.textContent).toContain("0π/2π3π/22π");
    expect(drawing?.textContent).toContain("Grey: no results yet");
    expect(el.querySelector(".qjm-captions")?.textContent).not.toContain("Error bars");
  });

  it("draws what is expected besides, with a legend", async () => {
    const sweep = (axes: Axes) => {
      const shown = rabi(axes, false);
      const [line] = shown.series as [Series];
      const expected = { ...line, name: "Expected", y: line.x, expected: true };
      return { ...shown, series: [{ ...line, name: "P(1)" }, expected] };
    };
    const { el } = show({ ...scenario("sweep"), sweep });
    await settle(400);
    expect(el.querySelectorAll(".qjm-sweep .qjm-chart .qjm-expected .qjm-svg-line")).toHaveLength(
      1,
    );
    expect(el.querySelectorAll(".qjm-svg-gap")).toHaveLength(1);
    const names = [...el.querySelectorAll(".qjm-legend bdi")].map((name) => name.textContent);
    expect(names).toEqual(["P(1)", "Expected"]);
  });

  it("asks for other axes, and keeps the last chart meanwhile", async () => {
    const made = await shown("sweep");
    expect(lastLook(made)).toMatchObject({ choice: null, sweep: { x: null, y: null } });
    made.kernel.answering = false;
    const menu = select(made.el, "Coordinate");
    menu.value = "index";
    menu.dispatchEvent(new Event("change", { bubbles: true }));
    await settle(200);
    expect(lastLook(made)).toMatchObject({ choice: null, sweep: { x: ["index"], y: null } });
    expect(made.el.querySelector(".qjm-sweep svg")).not.toBeNull();
    const quantity = select(made.el, "Quantity");
    quantity.value = "0";
    quantity.dispatchEvent(new Event("change", { bubbles: true }));
    await settle(200);
    expect(lastLook(made)).toMatchObject({ sweep: { x: ["index"], y: ["0"] } });
  });

  it("has a legend and notes, and its values as a table", async () => {
    const { el } = await shown("bases");
    const names = [...el.querySelectorAll(".qjm-legend bdi")].map((name) => name.textContent);
    expect(names).toEqual(["basis = X", "basis = Y", "basis = Z"]);
    expect(el.querySelector(".qjm-sweep .qjm-note")?.textContent).toContain("unreadable");
    const table = el.querySelector<HTMLDetailsElement>(".qjm-sweep .qjm-as-table");
    if (table === null) throw new Error("no table");
    expect(table.querySelector("tr")).toBeNull();
    table.open = true;
    table.dispatchEvent(new Event("toggle"));
    await settle();
    expect(table.querySelectorAll("tbody tr")).toHaveLength(84);
  });

  it("draws error bars unless they are switched off", async () => {
    const { el } = await shown("bases");
    expect(el.querySelectorAll(".qjm-svg-whisker")).toHaveLength(3);
    button(el.querySelector(".qjm-sweep") as HTMLElement, "Options").click();
    await settle();
    el.querySelector<HTMLInputElement>(".qjm-sweep input[type=checkbox]")?.click();
    await settle();
    expect(el.querySelectorAll(".qjm-svg-whisker")).toHaveLength(0);
    expect(el.querySelector(".qjm-captions")?.textContent).not.toContain("Error bars");
  });

  it("is a heat map over two coordinates", async () => {
    const { el } = await shown("map");
    expect(el.querySelectorAll("path.qjm-svg-cell").length).toBeGreaterThan(8);
    expect(el.querySelector(".qjm-sweep")?.textContent).toContain("Grey: no results yet");
    expect(el.querySelector(".qjm-sweep input[type=checkbox]")).toBeNull();
  });

  it("has tabs that the arrow keys walk through", async () => {
    const { el } = await shown("sweep");
    const tab = (name: string) =>
      el.querySelector<HTMLElement>(`[data-tab=${name}]`) as HTMLElement;
    press(tab("sweep"), "ArrowLeft");
    await settle();
    expect(chosen(el)).toBe("Timeline");
    press(tab("timeline"), "ArrowRight");
    await settle();
    expect(chosen(el)).toBe("Sweep");
  });
});

describe("other sets", () => {
  it("show counts first, and have no sweep if their circuits are copies", async () => {
    const { el } = await shown("middle");
    expect(tabs(el)).toEqual(["Counts", "Timeline"]);
    expect(chosen(el)).toBe("Counts");
  });

  it("show one circuit if they differ without a common number", async () => {
    const made = show({ ...scenario("middle"), first: "circuit" });
    await settle(400);
    expect(chosen(made.el)).toBe("Counts");
    expect(tabs(made.el)).toContain("Sweep");
    expect(lastLook(made)).toMatchObject({ choice: { circuit: 0 } });
    expect(select(made.el, "Circuits").value).toBe("one");
  });
});
