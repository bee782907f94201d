import { describe, expect, it, vi } from "vitest";
import { FakeKernel } from "../../demo/fake_kernel";
import { DEFAULT_CHOICE } from "../../src/protocol/wire";
import { button, press, row, scenario, settle, show, useFakeTime } from "../helpers";

useFakeTime();

describe("the head", () => {
  it("shows the set and its progress", async () => {
    const { el } = show(scenario("middle"));
    await settle();
    expect(el.querySelector(".qjm-name")?.textContent).toBe("bell sweep");
    expect(el.querySelector(".qjm-facts")?.textContent).toBe(
      "ibm_fez · 1,000 circuits · 10 jobs · 1,024 shots",
    );
    expect(el.querySelector(".qjm-line")?.textContent).toContain("6 of 10 done, 1 error");
    expect(el.querySelector(".qjm-bar")?.getAttribute("aria-label")).toBe(
      "Jobs: 6 Done, 1 Error, 1 Running, 1 Held, 1 Not sent",
    );
  });

  it("offers only what can be done", async () => {
    const { el } = show(scenario("end"));
    await settle();
    expect(button(el, "Retry failed").disabled).toBe(true);
    expect(button(el, "Cancel all").disabled).toBe(true);
  });

  it("asks before it cancels all, with the focus on the harmless answer", async () => {
    const { el, kernel } = show(scenario("middle"));
    await settle();
    button(el, "Cancel all").click();
    await settle();
    expect(document.activeElement?.textContent).toBe("Keep running");
    expect(kernel.sent.filter(({ kind }) => kind === "command")).toHaveLength(0);
    press(button(el, "Keep running"), "Escape");
    await settle();
    expect(el.textContent).not.toContain("Keep running");

    kernel.answering = false;
    button(el, "Cancel all").click();
    await settle();
    button(el, "Cancel 3 jobs").click();
    await settle();
    expect(kernel.sent.at(-1)).toMatchObject({ kind: "command", do: "cancel", rows: null });
    expect(button(el, "cancel sent…").disabled).toBe(true);
    expect(row(el, 7).textContent).toContain("Running");
  });
});

describe("without a kernel", () => {
  it("the saved state is readable and no button works", async () => {
    const kernel = new FakeKernel(scenario("middle"));
    kernel.answering = false;
    kernel.send({
      kind: "look",
      v: 1,
      view: "",
      first: 0,
      last: 10,
      choice: DEFAULT_CHOICE,
      query: null,
      asked: 0,
    });
    kernel.setTrait("snapshot", kernel.snapshot());
    const { el } = show(kernel);
    await settle(3_100);
    expect(el.textContent).toContain("not connected to a kernel");
    expect(el.querySelector(".qjm-line")?.textContent).toContain("6 of 10 done");
    const working = [...el.querySelectorAll(".qjm-button")].filter(
      (each) => !(each as HTMLButtonElement).disabled && !each.closest(".qjm-pane"),
    );
    expect(working.map((each) => each.textContent)).toEqual(["Refresh"]);
    button(el, "Error: 1 job").click();
    await settle();
    expect(el.querySelectorAll("[data-row]")).toHaveLength(1);
    expect(row(el, 2).textContent).toContain("Error");
    button(el, "Show all").click();
    await settle();

    kernel.answering = true;
    kernel.publish();
    await settle();
    expect(el.textContent).not.toContain("not connected to a kernel");
    expect(button(el, "Retry failed").disabled).toBe(false);
  });

  it("it says which cell to run, and Refresh says that it asks", async () => {
    const kernel = new FakeKernel(scenario("middle"));
    kernel.setTrait("snapshot", kernel.snapshot());
    const { el } = show(kernel);
    await settle();
    expect(el.querySelector(".qjm-reconnect")).toBeNull();

    kernel.answering = false;
    kernel.emit("comm_live_update");
    await settle(3_100);
    expect(el.textContent).toContain("not connected to a kernel, or it is busy");
    const id = kernel.snapshot().head.id;
    const code = `manager.retrieve_job_set("${id}")`;
    expect(el.querySelector(".qjm-reconnect code")?.textContent).toBe(code);
    const written = vi.fn(async () => undefined);
    vi.stubGlobal("navigator", { clipboard: { writeText: written } });
    button(el, `Copy code ${code}`).click();
    await settle();
    expect(written).toHaveBeenCalledWith(code);
    vi.unstubAllGlobals();

    button(el, "Refresh").click();
    await settle();
    expect(el.textContent).toContain("Refreshing…");
    await settle(3_100);
    expect(button(el, "Refresh")).toBeTruthy();

    kernel.answering = true;
    kernel.publish();
    await settle();
    expect(el.querySelector(".qjm-reconnect")).toBeNull();
    expect(el.textContent).not.toContain("not connected");
  });

  it("and without a saved state it says that there is nothing", async () => {
    const kernel = new FakeKernel(scenario("middle"));
    kernel.answering = false;
    const { el } = show(kernel);
    await settle();
    expect(el.textContent).toContain("Waiting for the kernel");
    await settle(3_100);
    expect(el.textContent).toContain("Nothing to show: not connected to a kernel, or it is busy.");
  });
});

describe("what comes from elsewhere", () => {
  it("is text, whatever it looks like", async () => {
    const evil = '<img src=x onerror="alert(1)"><script>alert(1)</script>\u202e';
    const set = scenario("middle");
    Object.assign(set, {
      name: evil,
      backend: evil,
      lead: evil,
      line: evil,
      counts: { [evil]: 5 },
    });
    for (const job of set.jobs) {
      Object.assign(job, { note: evil, jobId: evil, error: evil, title: evil, history: [evil] });
    }
    const { el } = show(set);
    await settle();
    row(el, 0).click();
    await settle(300);
    expect(el.querySelector(".qjm-drawer pre")?.textContent).toContain("<script>");
    expect(el.querySelectorAll("img, script")).toHaveLength(0);
    expect(el.textContent).not.toContain("\u202e");
  });

  it("of another version is a line in the panel", async () => {
    const { el, kernel } = show(scenario("middle"));
    await settle();
    kernel.message({ kind: "update", v: 3 });
    await settle();
    expect(el.querySelector("[role=alert]")?.textContent).toContain(
      "Reload the page: the kernel uses protocol version 3",
    );
    expect(row(el, 0).textContent).toContain("Done");
  });
});

describe("a screen reader", () => {
  it("gets the progress at most every 5 s", async () => {
    const { el, kernel } = show(scenario("middle"));
    await settle();
    const said = () => el.querySelector(".qjm-unseen[role=status]")?.textContent;
    expect(said()).toContain("6 of 10 done");
    kernel.set.lead = "7 of 10 done";
    kernel.publish();
    await settle(1_000);
    expect(said()).toContain("6 of 10 done");
    await settle(5_000);
    expect(said()).toContain("7 of 10 done");
  });
});

it("leaves nothing behind when it is closed", async () => {
  const { el, kernel, close } = show(scenario("middle"));
  await settle();
  close();
  expect(el.childElementCount).toBe(0);
  expect(kernel.sent.at(-1)?.kind).toBe("bye");
  kernel.publish();
  await settle(20_000);
  expect(el.childElementCount).toBe(0);
});
