import { describe, expect, it } from "vitest";
import { FakeKernel } from "../demo/fake_kernel";
import history from "../src/history";
import { NO_ANSWER } from "../src/state";
import { button, scenario, settle, useFakeTime } from "./helpers";

const NOW = Date.UTC(2025, 10, 3, 12);
const set = (id: string, hoursAgo: number) => ({
  id,
  name: `set ${id}`,
  backend: "ibm_fez",
  circuits: 1000,
  jobs: 10,
  line: "10 of 10 done",
  created: NOW - hoursAgo * 3_600_000,
  open: false,
  interrupted: false,
  note: "",
});

function show(sets: unknown) {
  const model = new FakeKernel(scenario("end"));
  model.answering = false;
  model.setTrait("sets", sets);
  const el = document.createElement("div");
  document.body.replaceChildren(el);
  const close = history.render({ model: model as never, el });
  return { model, el, close };
}

useFakeTime(NOW);

describe("the history", () => {
  it("lists sets, newest first", () => {
    const { el } = show([set("a", 50), set("b", 1), { ...set("c", 3), open: true }]);
    const entries = [...el.querySelectorAll("li")].map((li) => li.textContent);
    expect(entries[0]).toContain("set bibm_fez · 1,000 circuits · 10 jobs · 1 h ago10 of 10 done");
    expect(entries[1]).toContain("set copen");
    expect(entries[2]).toContain("2 days ago");
  });

  it("says how to make the first set", () => {
    expect(show([]).el.textContent).toBe(
      "No job sets yet: manager.run(circuits, backend) makes the first one.",
    );
  });

  it("retrieves a set and says what the kernel said", async () => {
    const { el, model } = show([set("a", 1)]);
    button(el, "Retrieve set a").click();
    await settle();
    expect(model.sent.at(-1)).toEqual({ kind: "retrieve", v: 1, id: "a" });
    expect(button(el, "Retrieve set a").disabled).toBe(true);
    model.message({ kind: "ack", v: 1, id: "a", ok: false, text: "the store is locked" }, []);
    await settle();
    expect(el.textContent).toContain("the store is locked");
    expect(button(el, "Retrieve set a").disabled).toBe(false);
  });

  it("does not show what went well as a refusal", async () => {
    const { el, model } = show([set("a", 1)]);
    button(el, "Retrieve set a").click();
    model.message({ kind: "ack", v: 1, id: "a", ok: true, text: "set a is open below" }, []);
    await settle();
    expect(el.querySelector("[role=status]")?.textContent).toBe("set a is open below");
    expect(el.querySelector(".qjm-refused")).toBeNull();
  });

  it("marks a set that was interrupted, in words, and offers to resume it", async () => {
    const { el, model } = show([{ ...set("a", 1), interrupted: true }, set("b", 2)]);
    const [first, second] = el.querySelectorAll("li");
    expect(first?.querySelector(".qjm-tag")?.textContent).toBe("interrupted");
    expect(first?.querySelector(".qjm-tag svg")?.getAttribute("aria-hidden")).toBe("true");
    expect(second?.textContent).not.toContain("interrupted");
    expect([...(second?.querySelectorAll("button") ?? [])].map((b) => b.textContent)).toEqual([
      "Retrieve",
    ]);
    button(el, "Resume set a").click();
    await settle();
    expect(model.sent.at(-1)).toEqual({ kind: "resume", v: 1, id: "a" });
    expect(button(el, "Resume set a").textContent).toBe("sent…");
    expect(button(el, "Retrieve set a").textContent).toBe("Retrieve");
    expect(button(el, "Retrieve set a").disabled).toBe(true);
  });

  it("says what else is to be known of a set", () => {
    const { el } = show([{ ...set("a", 1), note: "driven by another kernel" }]);
    expect(el.querySelector(".qjm-set-name")?.textContent).toBe("set adriven by another kernel");
  });

  it("shows a refusal to resume in full, with its code", async () => {
    const { el, model } = show([{ ...set("a", 1), interrupted: true }]);
    button(el, "Resume set a").click();
    const text = `${"It cannot be resumed. ".repeat(30)}Run:\n\`job_set.resume(backend)\``;
    model.message({ kind: "ack", v: 1, id: "a", ok: false, text }, []);
    await settle();
    expect(el.querySelector(".qjm-refused")?.textContent).toBe(text.replaceAll("`", ""));
    expect(el.querySelector(".qjm-refused code")?.textContent).toBe("job_set.resume(backend)");
    expect(button(el, "Resume set a").disabled).toBe(false);
  });

  it("gives each wish its own time to be answered", async () => {
    const { el, model } = show([{ ...set("a", 1), interrupted: true }]);
    button(el, "Retrieve set a").click();
    await settle(6_000);
    model.message({ kind: "ack", v: 1, id: "a", ok: true, text: "open below" }, []);
    await settle();
    button(el, "Resume set a").click();
    await settle(6_000);
    expect(el.textContent).not.toContain(NO_ANSWER);
    await settle(4_000);
    expect(el.textContent).toContain(NO_ANSWER);
  });

  it("says when nothing answers", async () => {
    const { el } = show([set("a", 1)]);
    button(el, "Retrieve set a").click();
    await settle(10_100);
    expect(el.textContent).toContain(NO_ANSWER);
  });

  it("survives entries that do not fit", () => {
    const { el } = show([null, { id: 5 }, { id: "x", created: 1e300, name: "<b>x</b>" }]);
    expect(el.querySelectorAll("li")).toHaveLength(1);
    expect(el.querySelector("li b bdi")?.textContent).toBe("<b>x</b>");
    expect(show("nonsense").el.textContent).toContain("No job sets yet");
  });
});
