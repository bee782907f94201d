import { describe, expect, it } from "vitest";
import { STATUS_HELP } from "../../src/panel/help_texts";
import { button, press, row, type Shown, scenario, settle, show, useFakeTime } from "../helpers";

useFakeTime();

async function taught(name = "middle"): Promise<Shown> {
  const shown = show({ ...scenario(name), teaching: true });
  await settle();
  return shown;
}

const tip = ({ el }: Shown) => el.querySelector("[role=tooltip]")?.textContent ?? null;
const lit = ({ el }: Shown) => el.querySelector('[aria-current="step"]')?.textContent ?? null;

async function focus(shown: Shown, selector: string): Promise<void> {
  const found = shown.el.querySelector<HTMLElement>(selector);
  if (found === null) throw new Error(`nothing is ${selector}`);
  found.dispatchEvent(new FocusEvent("focusin", { bubbles: true }));
  await settle();
}

describe("teaching", () => {
  it("is off by default", async () => {
    const { el } = show(scenario("middle"));
    await settle();
    expect(el.querySelector(".qjm-life")).toBeNull();
    expect(el.querySelector(".qjm-facts")?.hasAttribute("tabindex")).toBe(false);
  });

  it("marks the step of the hovered job, and of the most active one before that", async () => {
    const shown = await taught();
    expect(lit(shown)).toBe("Running");
    expect(shown.el.querySelector(".qjm-life-title")?.textContent).toContain("job 7");
    row(shown.el, 2).dispatchEvent(new Event("pointerover", { bubbles: true }));
    await settle(300);
    expect(lit(shown)).toBe("Error");
    expect(tip(shown)).toBe(STATUS_HELP.error);
  });

  it("follows the job through its life", async () => {
    const shown = await taught("start");
    expect(lit(shown)).toBe("Queued");
    const { kernel } = shown;
    kernel.set.jobs[0] = { status: "running", since: kernel.set.now };
    kernel.publish();
    await settle();
    expect(lit(shown)).toBe("Running");
  });

  it.each([
    [".qjm-facts", "A shot is one execution of a circuit"],
    [".qjm-bar", "All jobs of the set"],
    [".qjm-line", "How many jobs have which status"],
    [".qjm-columns .qjm-cell-waited", "Waited: time from sending"],
    [".qjm-columns .qjm-cell-ran", "Ran: time"],
    [".qjm-captions .qjm-caption", "with more shots"],
    [".qjm-counts .qjm-chart [role=img]", "Each bar is an outcome"],
    [".qjm-found", "How many jobs the table shows"],
    [".qjm-columns .qjm-cell-span", "The circuits in this job"],
    [".qjm-as-table thead th:nth-child(4)", "95 % interval: about 95 of 100"],
    [".qjm-as-table tbody th", "bit 0 on the right"],
    [".qjm-as-table tbody td:last-child", "the probability that you expect"],
    [".qjm-counts-tools [aria-pressed]", "marks show how high"],
    [".qjm-likeness span:first-child", "Hellinger fidelity: 1 if"],
    [".qjm-likeness span:last-child", "Total variation distance: the fraction"],
    ['.qjm-step[data-status="held"]', "Held: it is unknown"],
    [".qjm-chip", "Done: the results"],
  ])("%s explains itself on focus", async (selector, words) => {
    const shown = await taught();
    await focus(shown, selector);
    expect(tip(shown)).toContain(words);
    const described = shown.el.querySelector(selector)?.getAttribute("aria-describedby");
    expect(described).toBe(shown.el.querySelector("[role=tooltip]")?.id);
  });

  it("adds what has an explanation to the Tab order, and closes on Escape", async () => {
    const shown = await taught();
    for (const selector of [".qjm-facts", ".qjm-bar", ".qjm-counts .qjm-chart [role=img]"]) {
      expect(shown.el.querySelector<HTMLElement>(selector)?.tabIndex).toBe(0);
    }
    await focus(shown, ".qjm-facts");
    press(row(shown.el, 0), "Escape");
    await settle();
    expect(tip(shown)).toBeNull();
  });

  it("is turned on and off by the kernel", async () => {
    const shown = await taught();
    shown.kernel.set.teaching = false;
    shown.kernel.publish();
    await settle();
    expect(shown.el.querySelector(".qjm-life")).toBeNull();
    expect(shown.el.querySelector(".qjm-facts")?.hasAttribute("tabindex")).toBe(false);
    button(shown.el, "Timeline").click();
    await settle();
  });
});
