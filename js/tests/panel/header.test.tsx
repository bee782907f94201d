import { describe, expect, it } from "vitest";
import { FakeKernel } from "../../demo/fake_kernel";
import { NOW } from "../../demo/scenarios";
import { button, press, row, scenario, settle, show, useFakeTime } from "../helpers";

useFakeTime(NOW);

const buttons = (el: HTMLElement) =>
  [...el.querySelectorAll<HTMLButtonElement>(".qjm-buttons button")].map(
    ({ textContent, disabled }) => `${textContent}${disabled ? " (off)" : ""}`,
  );
const commands = (kernel: FakeKernel) => kernel.sent.filter(({ kind }) => kind === "command");
const alert = (el: HTMLElement) => el.querySelector("[role=alert]");

describe("what submission waits for", () => {
  const waiting = (el: HTMLElement) => el.querySelector(".qjm-waiting")?.textContent;

  it("is counted down on the page, without the kernel", async () => {
    const { el, kernel } = show(scenario("waiting"));
    await settle();
    const sent = kernel.sent.length;
    expect(waiting(el)).toBe("3 of 20 submitted, next submission in 12 s");
    await settle(5_500);
    expect(waiting(el)).toMatch(/^3 of 20 submitted, next submission in [78] s$/);
    await settle(20_000);
    expect(waiting(el)).toBe("3 of 20 submitted, next submission now");
    expect(kernel.sent).toHaveLength(sent);
  });

  it("follows the kernel's clock, not the page's", async () => {
    const set = scenario("waiting");
    set.now = NOW + 7_000;
    const { el } = show(set);
    await settle();
    expect(waiting(el)).toContain("in 5 s");
  });

  it("may be without an end, and then it is words alone", async () => {
    const { el, kernel } = show(scenario("paused"));
    await settle();
    expect(waiting(el)).toBe("6 of 10 submitted, paused");
    kernel.set.waiting = null;
    kernel.publish();
    await settle();
    expect(el.querySelector(".qjm-waiting")).toBeNull();
  });

  it("gives way to how long all of it took", async () => {
    const { el } = show(scenario("end"));
    await settle();
    expect(waiting(el)).toBe("took 5:12");
  });

  it("has no countdown without a kernel: nothing submits", async () => {
    const kernel = new FakeKernel(scenario("waiting"));
    kernel.answering = false;
    kernel.setTrait("snapshot", kernel.snapshot());
    const { el } = show(kernel);
    await settle(3_100);
    expect(waiting(el)).toBe("3 of 20 submitted");
  });

  it("is said aloud when it changes, never as the seconds pass", async () => {
    const { el, kernel } = show(scenario("waiting"));
    await settle();
    const said = () => el.querySelector(".qjm-unseen[role=status]")?.textContent;
    const first = "0 of 20 done, 1 running, 2 queued, 17 not sent. 3 of 20 submitted";
    expect(said()).toBe(first);
    await settle(8_000);
    expect(said()).toBe(first);
    kernel.set.waiting = { text: "4 of 20 submitted", until: NOW + 24_000 };
    kernel.publish();
    await settle(5_100);
    expect(said()).toContain("4 of 20 submitted");
    expect(el.querySelector(".qjm-waiting")?.closest("[aria-live], [role=status]")).toBeNull();
  });
});

describe("the buttons of the whole set", () => {
  it.each([
    ["end", ["Retry failed (off)", "Cancel all (off)"]],
    ["waiting", ["Pause", "Retry failed (off)", "Cancel all"]],
    ["paused", ["Unpause", "Retry failed (off)", "Cancel all"]],
    ["held", ["Review held (3)", "Retry failed (off)", "Cancel all"]],
    ["interrupted", ["Resume", "Retry failed (off)", "Cancel all (off)"]],
    ["elsewhere", ["Retry failed (off)", "Cancel all (off)"]],
    ["middle", ["Review held (1)", "Pause", "Retry failed", "Cancel all"]],
  ])("in %s are those that fit", async (name, expected) => {
    const { el } = show(scenario(name));
    await settle();
    expect(buttons(el)).toEqual(expected);
    expect(el.querySelector(".qjm-buttons")?.getAttribute("aria-label")).toBe(
      "All jobs of the set",
    );
  });

  it("without a kernel are the two that are always there", async () => {
    const kernel = new FakeKernel(scenario("middle"));
    kernel.answering = false;
    kernel.setTrait("snapshot", kernel.snapshot());
    const { el } = show(kernel);
    await settle(3_100);
    expect(buttons(el)).toEqual(["Retry failed (off)", "Cancel all (off)"]);
  });

  it("pause and unpause by one button, which keeps the focus", async () => {
    const { el, kernel } = show(scenario("waiting"));
    await settle();
    kernel.answering = false;
    const flow = button(el, "Pause");
    flow.focus();
    flow.click();
    await settle();
    expect(flow.textContent).toBe("pause sent…");
    expect(flow.disabled).toBe(true);
    const command = commands(kernel).at(-1);
    expect(command).toMatchObject({ do: "pause", rows: null });
    if (command?.kind !== "command") return;
    kernel.answering = true;
    kernel.send(command);
    await settle();
    expect(flow.textContent).toBe("Unpause");
    expect(document.activeElement).toBe(flow);
    flow.click();
    await settle();
    expect(commands(kernel).at(-1)).toMatchObject({ do: "unpause", rows: null });
    expect(flow.textContent).toBe("Pause");
  });
});

describe("held jobs", () => {
  it("are decided together, after a sentence on what may happen", async () => {
    const { el, kernel } = show(scenario("held"));
    await settle();
    button(el, "Review held (3)").click();
    await settle();
    const question = el.querySelector('[role=group][aria-label="Confirm"]');
    const words = document.getElementById(question?.getAttribute("aria-describedby") ?? "");
    expect(words?.textContent).toBe(
      "These 3 jobs may have been sent already and may run twice if sent again.",
    );
    expect(button(el, "Review held (3)").getAttribute("aria-expanded")).toBe("true");
    expect(document.activeElement?.textContent).toBe("Keep held");
    expect(commands(kernel)).toHaveLength(0);
    button(el, "Send again").click();
    await settle();
    expect(commands(kernel)).toMatchObject([{ do: "retry_held", rows: null }]);
    expect(row(el, 8).textContent).toContain("Sending");
    expect(buttons(el).join()).not.toContain("Review");
  });

  it("may be left, and the focus goes back", async () => {
    const { el, kernel } = show(scenario("held"));
    await settle();
    button(el, "Review held (3)").click();
    await settle();
    press(button(el, "Keep held"), "Escape");
    await settle();
    expect(el.querySelector(".qjm-confirm")).toBeNull();
    expect(document.activeElement?.textContent).toBe("Review held (3)");
    expect(commands(kernel)).toHaveLength(0);
  });

  it("share the place of the question with Cancel all", async () => {
    const { el } = show(scenario("held"));
    await settle();
    button(el, "Review held (3)").click();
    await settle();
    button(el, "Cancel all").click();
    await settle();
    expect(el.querySelectorAll(".qjm-confirm")).toHaveLength(1);
    expect(document.activeElement?.textContent).toBe("Keep running");
  });

  it("are not asked about again by itself once the question had lost its sense", async () => {
    const { el, kernel } = show(scenario("held"));
    await settle();
    button(el, "Review held (3)").click();
    await settle();
    const jobs = kernel.set.jobs.splice(7, 3, ...scenario("end").jobs.slice(7));
    kernel.publish();
    await settle();
    expect(el.querySelector(".qjm-confirm")).toBeNull();
    kernel.set.jobs.splice(7, 3, ...jobs);
    kernel.publish();
    await settle();
    expect(button(el, "Review held (3)").getAttribute("aria-expanded")).toBe("false");
    expect(el.querySelector(".qjm-confirm")).toBeNull();
  });
});

describe("an interrupted set", () => {
  it("is resumed", async () => {
    const set = scenario("interrupted");
    delete set.refusal;
    const { el, kernel } = show(set);
    await settle();
    expect(el.querySelector(".qjm-table-acts")).toBeNull();
    button(el, "Resume").click();
    await settle();
    expect(commands(kernel)).toMatchObject([{ do: "resume", rows: null }]);
    expect(buttons(el)).toEqual(["Pause", "Retry failed (off)", "Cancel all"]);
    expect(el.querySelector(".qjm-check")).not.toBeNull();
  });

  it("says in full why not, with the code to run, until that is dismissed", async () => {
    const { el, kernel } = show(scenario("interrupted"));
    await settle();
    button(el, "Resume").click();
    await settle();
    expect(alert(el)?.querySelector("bdi")?.textContent).toBe(
      "No backend named ibm_fez is known here. Make one, then run this in a cell:\njob_set.resume(backend)",
    );
    expect(alert(el)?.querySelector("code")?.textContent).toBe("job_set.resume(backend)");
    expect(button(el, "Resume").disabled).toBe(false);
    kernel.publish();
    await settle(15_000);
    expect(alert(el)?.textContent).toContain("job_set.resume(backend)");
    button(el, "Dismiss").click();
    await settle();
    expect(alert(el)).toBeNull();
  });

  it("keeps the refusal when something else is done, and drops it for another try", async () => {
    const { el, kernel } = show({ ...scenario("middle"), interrupted: false, refusal: "not yet" });
    await settle();
    kernel.set.interrupted = true;
    kernel.publish();
    await settle();
    button(el, "Resume").click();
    await settle();
    kernel.set.interrupted = false;
    kernel.publish();
    await settle();
    button(el, "Pause").click();
    await settle();
    expect(alert(el)?.textContent).toContain("not yet");
    kernel.set.interrupted = true;
    kernel.publish();
    await settle();
    kernel.answering = false;
    button(el, "Resume").click();
    await settle();
    expect(alert(el)).toBeNull();
    expect(button(el, "resume sent…").disabled).toBe(true);
  });
});

describe("a set that another kernel drives", () => {
  it("says who does, and offers nothing", async () => {
    const { el } = show(scenario("elsewhere"));
    await settle();
    expect(el.querySelector(".qjm-owner")?.textContent).toBe(
      "driven by another kernel (process 12 on host)",
    );
    expect(el.querySelectorAll(".qjm-row .qjm-button")).toHaveLength(0);
    expect(el.querySelector(".qjm-unseen[role=status]")?.textContent).toContain(
      "driven by another kernel (process 12 on host)",
    );
  });

  it("withdraws what its rows had offered before", async () => {
    const { el, kernel } = show(scenario("middle"));
    await settle();
    row(el, 2).click();
    await settle();
    expect(button(el, "Retry").disabled).toBe(false);
    // As the kernel sends it: a new head without rows.
    kernel.set.owner = "another kernel";
    kernel.publish({ rows: [] });
    await settle();
    expect(button(el, "Retry").disabled).toBe(true);
    expect(el.querySelectorAll(".qjm-row .qjm-button")).toHaveLength(0);
  });
});

describe("a provider that reports everything", () => {
  it("has its facts in the progress lines, which count by themselves", async () => {
    const { el, kernel } = show(scenario("queue"));
    await settle();
    const lines = () => [...el.querySelectorAll(".qjm-line")].map(({ textContent }) => textContent);
    expect(lines()).toEqual([
      "7 of 24 done, 1 error, 1 running, 10 queued, 5 not sent",
      "19 of 24 submitted, next submission in 40 s · about 11 min left · QPU 47 s",
      "Statuses are 1:35 old: polling fails with ConnectionError: the name could not be resolved, asks again in 1:10 Ask now",
    ]);
    await settle(25_000);
    expect(lines()[1]).toContain("next submission in 16 s · about 11 min left");
    expect(lines()[2]).toMatch(/^Statuses are 2:00 old: .* asks again in 46 s Ask now$/);
    kernel.set.now += 2 * 60_000;
    kernel.publish();
    await settle();
    expect(lines()[1]).toContain("next submission now · about 9 min left");
    expect(lines()[2]).toContain("Statuses are 3:35 old");
    expect(lines()[2]).toContain("asks again now");
    kernel.set.stale = null;
    kernel.publish();
    await settle();
    expect(lines()).toHaveLength(2);
  });

  it("is asked now on request, and only by the kernel that polls", async () => {
    const { el, kernel } = show(scenario("queue"));
    await settle();
    button(el, "Ask now").click();
    await settle();
    expect(commands(kernel)).toEqual([expect.objectContaining({ do: "ask", rows: null })]);
    expect(el.querySelector(".qjm-stale")?.textContent).toContain("asks again now Ask now");
    const stale = kernel.set.stale;
    if (!stale) throw new Error("polls do not fail here");
    stale.next = null;
    kernel.publish();
    await settle();
    expect(el.querySelector(".qjm-stale")?.textContent).toMatch(/resolved$/);
  });

  it("has a column for each of its facts", async () => {
    const { el } = show(scenario("queue"));
    await settle();
    const cells = (i: number) =>
      [...row(el, i).querySelectorAll("[role=gridcell]")].map(({ textContent }) => textContent);
    expect(cells(9).slice(1, -1)).toEqual(
      "9|900–999|Queued|expected to run 9 s|14|39 s|39 s||1||d3w7k2e8qf09g008vbtp".split("|"),
    );
    row(el, 9).click();
    await settle();
    expect(el.querySelector(".qjm-drawer")?.textContent).toContain("position 14 in the queue");
  });
});

describe("columns for acting", () => {
  it("are there only while something can be done", async () => {
    const { el, kernel } = show(scenario("middle"));
    await settle();
    const headings = () =>
      [...el.querySelectorAll("[role=columnheader]")].map(({ textContent }) => textContent);
    expect(headings()).toContain("Action");
    expect(el.querySelectorAll(".qjm-check")).toHaveLength(11);
    kernel.set.jobs = scenario("end").jobs;
    kernel.publish();
    await settle();
    expect(headings()).not.toContain("Action");
    expect(el.querySelectorAll(".qjm-check")).toHaveLength(0);
  });
});

it("what comes from elsewhere is text here too", async () => {
  const evil = '<img src=x onerror="alert(1)">\u202e`<b>x</b>`';
  const set = scenario("interrupted");
  Object.assign(set, { owner: evil, refusal: evil, waiting: { text: evil, until: null } });
  const { el } = show(set);
  await settle();
  button(el, "Resume").click();
  await settle();
  expect(alert(el)?.querySelector("code")?.textContent).toBe("<b>x</b>");
  expect(el.querySelectorAll("img, code b")).toHaveLength(0);
  expect(el.textContent).not.toContain("\u202e");
});
