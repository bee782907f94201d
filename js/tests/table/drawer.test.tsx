import { describe, expect, it } from "vitest";
import { button, press, row, scenario, settle, show, useFakeTime } from "../helpers";

useFakeTime();

describe("the drawer", () => {
  it("opens below its row with the whole story, and closes by Escape", async () => {
    const { el } = show(scenario("middle"));
    await settle();
    row(el, 2).focus();
    press(row(el, 2), "Enter");
    await settle();
    const drawer = el.querySelector(".qjm-drawer");
    expect(drawer?.querySelector("pre")?.textContent).toContain("Nothing was charged.");
    expect(drawer?.textContent).toContain("10:40:39 error");
    expect(drawer?.textContent).toContain("d3w7k2e8qf02g008vbtp");
    expect(button(el, "Open job 2").getAttribute("aria-expanded")).toBe("true");
    press(row(el, 2), "Escape");
    await settle();
    expect(el.querySelector(".qjm-drawer")).toBeNull();
  });

  it("asks again when the job has moved on", async () => {
    const { el, kernel } = show(scenario("middle"));
    await settle();
    row(el, 7).click();
    await settle();
    const asked = () => kernel.sent.filter(({ kind }) => kind === "detail").length;
    expect(asked()).toBe(1);
    kernel.publish();
    await settle();
    expect(asked()).toBe(1);
    Object.assign(kernel.set.jobs[7] ?? {}, { status: "done" });
    kernel.publish();
    await settle();
    expect(asked()).toBe(2);
  });

  it("draws circuits when they are asked for, a few at a time", async () => {
    const { el, kernel } = show(scenario("middle"));
    await settle();
    row(el, 2).click();
    await settle();
    const asked = () => kernel.sent.filter(({ kind }) => kind === "circuits");
    expect(asked()).toHaveLength(0);
    button(el, "Draw 100 circuits").click();
    await settle();
    button(el, "Draw more (97 left)").click();
    await settle();
    expect(asked()).toMatchObject([
      { row: 2, first: 0 },
      { row: 2, first: 3 },
    ]);
    expect(el.querySelectorAll(".qjm-circuits pre")).toHaveLength(6);
    expect(el.querySelector(".qjm-circuits")?.textContent).toContain("Circuit 205 bell 205");
    button(el, "Draw more (94 left)");
  });

  it("explains a held job before it offers to send it again", async () => {
    const { el, kernel } = show(scenario("middle"));
    await settle();
    button(el, "Review job 8").click();
    await settle();
    expect(kernel.sent.filter(({ kind }) => kind === "command")).toHaveLength(0);
    expect(el.querySelector(".qjm-drawer")?.textContent).toContain("it may run twice");
    button(el, "Send again").click();
    await settle();
    expect(kernel.sent.find(({ kind }) => kind === "command")).toMatchObject({
      do: "retry_held",
      rows: [8],
    });
  });
});
