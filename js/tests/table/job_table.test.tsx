import { describe, expect, it } from "vitest";
import type { FakeKernel } from "../../demo/fake_kernel";
import { NO_ANSWER } from "../../src/state/state";
import { button, press, row, scenario, settle, show, useFakeTime } from "../helpers";

useFakeTime();

describe("the jobs", () => {
  const scrollTo = async (el: HTMLElement, row: number) => {
    const scroller = el.querySelector<HTMLElement>(".qjm-scroller");
    if (scroller === null) throw new Error("no scroller");
    scroller.scrollTop = row * 30;
    scroller.dispatchEvent(new Event("scroll"));
    await settle();
  };

  it("are rows with span, status in words, note and times", async () => {
    const { el } = show(scenario("middle"));
    await settle();
    const cells = [...row(el, 2).querySelectorAll("[role=gridcell]")].map(
      (cell) => cell.textContent,
    );
    expect(cells).toEqual([
      "",
      "2",
      "200–299",
      "Error",
      "[1500] The backend was recalibrated while the job waited.",
      "just now",
      "2:20",
      "",
      "d3w7k2e8qf02g008vbtp",
      "Retry",
    ]);
  });

  it("have a sign and a button of their own where circuits failed in a job that is done", async () => {
    const { el, kernel } = show(scenario("some_failed"));
    await settle();
    expect(el.querySelector(".qjm-line")?.textContent).toContain(
      "9 of 10 done, 1 with a failed circuit",
    );
    const someFailed = row(el, 4);
    expect(someFailed.getAttribute("aria-label")).toContain("Done, 1 of 100 circuits failed (417)");
    expect(someFailed.querySelector(".qjm-icon")?.classList).toContain("qjm-is-some_failed");
    expect(row(el, 3).querySelector(".qjm-icon")?.classList).toContain("qjm-is-done");
    expect(someFailed.querySelector(".qjm-cell-note bdi")?.className).toBe("qjm-cell-error");
    button(el, "Open job 4").click();
    await settle();
    expect(el.querySelector(".qjm-drawer .qjm-error")?.textContent).toContain("width 60");
    expect(button(el, "Retry failed").disabled).toBe(false);
    button(el, "Retry job 4").click();
    await settle();
    const commands = kernel.sent.filter(({ kind }) => kind === "command");
    expect(commands).toMatchObject([{ do: "retry", rows: [4] }]);
  });

  it("name their piece where shots were cut", async () => {
    const { el } = show(scenario("errors"));
    await settle();
    expect(row(el, 3).textContent).toContain("100–199 · 2/2");
  });

  it("are ten thousand with fewer than 60 rows in the page", async () => {
    const { el, kernel } = show(scenario("many"));
    await settle();
    expect(el.querySelectorAll("[data-row]").length).toBeLessThan(60);
    expect(el.querySelector("[role=grid]")?.getAttribute("aria-rowcount")).toBe("10001");

    await scrollTo(el, 5_000);
    expect(row(el, 5_005).textContent).toContain("Done");
    expect(row(el, 5_005).textContent).toContain("500500–500599");
    expect(el.querySelectorAll("[data-row]").length).toBeLessThan(60);
    expect(kernel.sent.filter(({ kind }) => kind === "look").at(-1)).toMatchObject({
      first: 4_994,
      last: 5_019,
    });
  });

  it("are handed on while the table scrolls", async () => {
    const { el } = show(scenario("many"));
    await settle();
    const before = new Set(el.querySelectorAll("[data-row]"));
    await scrollTo(el, 5_000);
    const after = [...el.querySelectorAll("[data-row]")];
    expect(after.filter((each) => before.has(each))).toHaveLength(after.length);
    const shown = [...el.querySelectorAll<HTMLElement>("[data-row]")].map((each) => [
      each.dataset.row,
      button(each, `Open job ${each.dataset.row}`).textContent,
    ]);
    for (const [row, text] of shown) expect(text).toBe(row);
  });

  it("are rendered with overscan once scrolling has paused", async () => {
    const { el, kernel } = show(scenario("many"));
    await settle(300);
    const made = () =>
      [...el.querySelectorAll<HTMLElement>("[data-row]")].map((each) => Number(each.dataset.row));
    expect(made()).toEqual(Array.from({ length: 19 }, (_, i) => i));
    const looks = kernel.sent.length;

    await scrollTo(el, 5_000);
    const inSight = Array.from({ length: 13 }, (_, i) => 5_000 + i);
    // The first one is the current row, which is kept for the keyboard.
    expect(made().sort((a, b) => a - b)).toEqual([0, ...inSight]);
    await settle(300);
    expect(made()).toContain(4_994);
    expect(made()).toContain(5_018);
    expect(kernel.sent).toHaveLength(looks + 1);

    // A short step brings nothing that is not there yet.
    await scrollTo(el, 5_004);
    expect(made()).toContain(5_022);
  });

  it("keep what has the focus when the others are scrolled away", async () => {
    const { el } = show(scenario("many"));
    await settle();
    const opener = button(el, "Open job 3");
    opener.focus();
    await settle();
    await scrollTo(el, 5_000);
    expect(document.activeElement).toBe(opener);
    expect(opener.closest<HTMLElement>("[data-row]")?.dataset.row).toBe("3");
    await scrollTo(el, 40);
    await scrollTo(el, 0);
    expect(document.activeElement).toBe(opener);
    expect(row(el, 3).contains(opener)).toBe(true);
  });

  it("keep their places in the page while the focus is among them", async () => {
    const { el } = show(scenario("many"));
    await settle(300);
    row(el, 2).focus();
    await settle();
    const focused = document.activeElement;
    const first = () => el.querySelector("[data-row]");
    await scrollTo(el, 400);
    await settle(300);
    expect(first()).toBe(focused);
    await scrollTo(el, 0);
    await settle(300);
    expect(first(), "another place would make the browser scroll").toBe(focused);
    expect(document.activeElement).toBe(focused);
    (focused as HTMLElement).blur();
    await scrollTo(el, 1);
    expect(first()).toBe(row(el, 0));
  });

  it("are walked from a box as well, which keeps the keys that tick it", async () => {
    const { el } = show(scenario("middle"));
    await settle();
    const box = row(el, 6).querySelector<HTMLInputElement>("[aria-label='Select job 6']");
    if (box === null) throw new Error("no box");
    box.focus();
    press(box, "Enter");
    await settle();
    expect(row(el, 6).classList.contains("qjm-row-open")).toBe(false);
    press(box, "ArrowDown");
    await settle();
    expect((document.activeElement as HTMLElement).dataset.row).toBe("7");
  });

  it("are walked with the keyboard, to the very end", async () => {
    const { el } = show(scenario("many"));
    await settle();
    row(el, 0).focus();
    press(row(el, 0), "ArrowDown");
    await settle();
    expect((document.activeElement as HTMLElement).dataset.row).toBe("1");
    press(row(el, 1), "End");
    await settle();
    expect((document.activeElement as HTMLElement).dataset.row).toBe("9999");
    expect(el.querySelectorAll('[data-row][tabindex="0"]')).toHaveLength(1);
    press(row(el, 9_999), "PageUp");
    await settle();
    expect((document.activeElement as HTMLElement).dataset.row).toBe("9988");
  });

  it("are narrowed to a status by the legend, and back", async () => {
    const { el, kernel } = show(scenario("many"));
    await settle();
    button(el, "Queued: 500 jobs").click();
    await settle();
    expect(el.querySelector(".qjm-found")?.textContent).toBe("500 of 10,000 jobs");
    expect(row(el, 7_001).textContent).toContain("Queued");
    expect(el.querySelector("[role=grid]")?.getAttribute("aria-rowcount")).toBe("501");
    expect(button(el, "Queued: 500 jobs").getAttribute("aria-pressed")).toBe("true");
    row(el, 7_001).focus();
    press(row(el, 7_001), "End");
    await settle();
    expect((document.activeElement as HTMLElement).dataset.row).toBe("7500");
    expect(row(el, 7_500).textContent).toContain("750000–750099");
    expect(kernel.sent.filter(({ kind }) => kind === "look").at(-1)).toMatchObject({
      query: { statuses: ["queued"] },
    });
    button(el, "Show all").click();
    await settle();
    expect(row(el, 0).textContent).toContain("Done");
  });

  it("are searched by the kernel once the reader has stopped typing", async () => {
    const { el, kernel } = show(scenario("middle"));
    await settle();
    const input = el.querySelector<HTMLInputElement>("input[type=search]");
    if (input === null) throw new Error("no search");
    for (const text of ["r", "rec", "recalib"]) {
      input.value = text;
      input.dispatchEvent(new Event("input", { bubbles: true }));
      await settle(50);
    }
    await settle(400);
    const texts = kernel.sent.flatMap((sent) =>
      sent.kind === "look" && sent.query !== null ? [sent.query.text] : [],
    );
    expect(new Set(texts)).toEqual(new Set(["recalib"]));
    expect(
      [...el.querySelectorAll("[data-row]")].map((e) => (e as HTMLElement).dataset.row),
    ).toEqual(["2"]);
    input.value = "nothing like it";
    input.dispatchEvent(new Event("input", { bubbles: true }));
    await settle(400);
    expect(el.textContent).toContain("No job matches.");
    button(el, "Show all jobs").click();
    await settle(400);
    expect(row(el, 0).textContent).toContain("Done");
  });

  it("are sorted by a heading: up, down, and as they were", async () => {
    const { el } = show(scenario("middle"));
    await settle();
    const heading = () => el.querySelector("[role=columnheader][aria-sort]");
    const first = () => el.querySelector<HTMLElement>("[data-row]")?.dataset.row;
    expect(heading()?.textContent).toBe("Job");
    button(el, "Job").click();
    await settle();
    expect(heading()?.getAttribute("aria-sort")).toBe("descending");
    expect(first()).toBe("9");
    button(el, "Job").click();
    await settle();
    expect(first()).toBe("0");
    button(el, "Ran").click();
    await settle();
    expect(heading()?.textContent).toBe("Ran");
  });
});

describe("several rows", () => {
  const commands = (kernel: FakeKernel) =>
    kernel.sent.flatMap((sent) => (sent.kind === "command" ? [[sent.do, sent.rows]] : []));

  it("are selected by keyboard, and each action takes those that it fits", async () => {
    const { el, kernel } = show(scenario("middle"));
    await settle();
    row(el, 1).focus();
    press(row(el, 1), " ");
    await settle();
    row(el, 1).dispatchEvent(
      new KeyboardEvent("keydown", { key: "ArrowDown", shiftKey: true, bubbles: true }),
    );
    await settle();
    row(el, 2).dispatchEvent(
      new KeyboardEvent("keydown", { key: "ArrowDown", shiftKey: true, bubbles: true }),
    );
    await settle();
    expect(el.querySelector(".qjm-found")?.textContent).toBe("3 selected");
    expect(row(el, 3).getAttribute("aria-selected")).toBe("true");
    expect(button(el, "Cancel").disabled).toBe(true);
    button(el, "Retry 1").click();
    await settle();
    expect(commands(kernel)).toEqual([["retry", [2]]]);
    expect(row(el, 3).getAttribute("aria-selected")).toBe("false");
  });

  it("are all that the search found, by the box in the head", async () => {
    const { el, kernel } = show(scenario("many"));
    await settle();
    button(el, "Queued: 500 jobs").click();
    await settle();
    el.querySelector<HTMLInputElement>('[aria-label="Select all jobs shown"]')?.click();
    await settle();
    button(el, "Cancel 500").click();
    await settle();
    const [command] = commands(kernel);
    expect(command?.[0]).toBe("cancel");
    expect(command?.[1]).toHaveLength(500);
    expect(row(el, 7_001).textContent).toContain("cancellation requested");
  });

  it("are a range with Shift, and Escape lets them go", async () => {
    const { el } = show(scenario("middle"));
    await settle();
    const box = (i: number) =>
      row(el, i).querySelector<HTMLInputElement>(`[aria-label="Select job ${i}"]`);
    box(6)?.click();
    await settle();
    box(9)?.dispatchEvent(new MouseEvent("click", { shiftKey: true, bubbles: true }));
    await settle();
    expect(el.querySelector(".qjm-found")?.textContent).toBe("4 selected");
    press(row(el, 9), "Escape");
    await settle();
    expect(el.querySelectorAll(".qjm-row[aria-selected=true]")).toHaveLength(0);
  });
});

describe("commands of a row", () => {
  it("show that they were sent, then what the kernel says", async () => {
    const { el, kernel } = show(scenario("middle"));
    await settle();
    kernel.answering = false;
    button(el, "Cancel job 7").click();
    await settle();
    expect(row(el, 7).textContent).toContain("sent…");
    expect(row(el, 7).textContent).toContain("Running");
    const command = kernel.sent.at(-1);
    if (command?.kind !== "command") throw new Error("no command");
    kernel.message({ kind: "ack", v: 1, id: command.id, ok: true, text: "" });
    Object.assign(kernel.set.jobs[7] ?? {}, { cancelRequested: true, note: "" });
    kernel.publish();
    await settle();
    expect(row(el, 7).textContent).not.toContain("sent…");
    expect(row(el, 7).textContent).toContain("cancellation requested");
  });

  it("that nothing answers show a notice, which can be dismissed", async () => {
    const { el, kernel } = show(scenario("middle"));
    await settle();
    kernel.answering = false;
    button(el, "Retry job 2").click();
    await settle(10_100);
    expect(el.querySelector("[role=alert]")?.textContent).toContain(NO_ANSWER);
    button(el, "Dismiss").click();
    await settle();
    expect(el.querySelector("[role=alert]")).toBeNull();
  });
});
