import { describe, expect, it, vi } from "vitest";
import { FakeStore, storedSets } from "../../demo/fake_store";
import history from "../../src/history";
import { NO_ANSWER } from "../../src/state/state";
import { button, settle, useFakeTime } from "../helpers";

const NOW = Date.UTC(2025, 10, 3, 12);

function show(store: FakeStore) {
  const el = document.createElement("div");
  document.body.replaceChildren(el);
  const close = history.render({ model: store as never, el });
  return { store, el, close };
}

async function shown(sets = storedSets(4, NOW)) {
  const page = show(new FakeStore(sets));
  await settle();
  return page;
}

const rows = (el: HTMLElement) => [...el.querySelectorAll<HTMLElement>(".qjm-set-row")];
const lastSent = (store: FakeStore) => store.sent.at(-1);
const commands = (store: FakeStore) => store.sent.filter(({ kind }) => kind === "do");

function input(el: HTMLElement, label: string): HTMLInputElement {
  const found =
    el.querySelector<HTMLInputElement>(`input[aria-label="${label}"]`) ??
    [...el.querySelectorAll("label")]
      .find(({ textContent }) => textContent?.startsWith(label))
      ?.querySelector("input");
  if (found == null) throw new Error(`no input "${label}"`);
  return found;
}

function type(element: HTMLInputElement, text: string): void {
  element.value = text;
  element.dispatchEvent(new Event("input", { bubbles: true }));
}

function choose(el: HTMLElement, label: string, value: string): void {
  const select = el.querySelector<HTMLSelectElement>(`select[aria-label="${label}"]`);
  if (select === null) throw new Error(`no choice "${label}"`);
  select.value = value;
  select.dispatchEvent(new Event("change", { bubbles: true }));
}

async function open(el: HTMLElement, name: string): Promise<void> {
  [...el.querySelectorAll<HTMLButtonElement>(".qjm-set-name")]
    .find(({ textContent }) => textContent === name)
    ?.click();
  await settle();
}

useFakeTime(NOW);

describe("the list of sets", () => {
  it("shows what is in the store, newest first", async () => {
    const { el } = await shown();
    expect(el.querySelector("header")?.textContent).toContain("4 sets · 312 MB");
    const texts = rows(el).map((row) => row.textContent);
    expect(texts[0]).toContain(
      "bell sweepthesisweek 122 h ago · ibm_fez · 1,000 circuits · 10 jobs",
    );
    expect(texts[0]).toContain("10 of 10 done");
    expect(texts[1]).toContain("interrupted");
    expect(texts[2]).toContain("driven by another kernel");
    expect(texts[3]).toContain("986 of 1,000 done, 14 errors");
  });

  it("renders only the visible sets, and requests others on scrolling", async () => {
    const { el, store } = await shown(storedSets(1204, NOW));
    expect(rows(el).length).toBeLessThan(40);
    const list = el.querySelector("ul") as HTMLElement;
    expect(list.querySelector("li[aria-setsize='1204']")).not.toBeNull();
    list.scrollTop = 54 * 600;
    list.dispatchEvent(new Event("scroll"));
    await settle();
    expect(lastSent(store)).toMatchObject({ kind: "list", first: 592 });
    expect(rows(el).some((row) => row.textContent?.includes("sweep 597"))).toBe(true);
  });

  it("searches in the kernel, once typing has paused", async () => {
    const { el, store } = await shown();
    const asked = store.sent.length;
    for (const text of ["r", "re", "readout"]) type(input(el, "Search job sets"), text);
    await settle(300);
    expect(store.sent.length).toBe(asked + 1);
    expect(lastSent(store)).toMatchObject({ kind: "list", query: { text: "readout" } });
    expect(rows(el)).toHaveLength(1);
    expect(el.querySelector(".qjm-matching")?.textContent).toBe("1 of 4 sets");
    button(el, "Show all").click();
    await settle(300);
    expect(rows(el)).toHaveLength(4);
  });

  it("filters by state, backend and tag", async () => {
    const { el, store } = await shown();
    choose(el, "Status", "interrupted");
    choose(el, "Backend", "ibm_fez");
    await settle();
    expect(lastSent(store)).toMatchObject({
      query: { text: "", state: "interrupted", backend: "ibm_fez", tag: "" },
    });
    expect(rows(el).map((row) => row.querySelector("bdi")?.textContent)).toEqual([
      "qaoa on a ring, depth 8",
    ]);
    choose(el, "Tag", "thesis");
    await settle();
    expect(el.textContent).toContain("No job set matches.");
  });

  it("says how to make the first set", async () => {
    const { el } = await shown([]);
    expect(el.textContent).toBe(
      "No job sets yet: manager.run(circuits, backend) creates the first one.",
    );
  });

  it("opens a set and closes it", async () => {
    const { el, store } = await shown();
    button(el, "Close bell sweep").click();
    await settle();
    expect(lastSent(store)).toMatchObject({ do: "close", set: "a1".repeat(16) });
    button(el, "Open bell sweep").click();
    await settle();
    expect(commands(store).at(-1)).toMatchObject({ do: "open" });
    expect(button(el, "Close bell sweep").disabled).toBe(false);
    expect(el.querySelector("header .qjm-answer")?.textContent).toBe("done");
  });

  it("shows why resuming was refused in full, with its code, below the set", async () => {
    const { el } = await shown();
    button(el, "Resume qaoa on a ring, depth 8").click();
    await settle();
    const said = el.querySelector(".qjm-set-drawer .qjm-refused");
    expect(said?.textContent).toContain("No backend named ibm_fez is known here.");
    expect(said?.querySelector("code")?.textContent).toContain(".resume(backend)");
    expect(button(el, "Resume qaoa on a ring, depth 8").disabled).toBe(false);
  });

  it("renames and tags", async () => {
    const { el, store } = await shown();
    await open(el, "bell sweep");
    expect(button(el, "Rename").disabled).toBe(true);
    type(input(el, "Name"), "bell, the good one");
    await settle();
    button(el, "Rename").click();
    await settle();
    expect(commands(store).at(-1)).toMatchObject({ do: "rename", name: "bell, the good one" });
    type(input(el, "Tags"), "a, b");
    await settle();
    button(el, "Save tags").click();
    await settle();
    expect(commands(store).at(-1)).toMatchObject({ do: "tag", tags: ["a", " b"] });
  });

  it("exports to a path, and downloads what it asked for itself", async () => {
    const { el, store } = await shown();
    await open(el, "bell sweep");
    expect(input(el, "Export to").value).toBe("bell-sweep.qjm");
    button(el, "Export").click();
    await settle();
    expect(commands(store).at(-1)).toMatchObject({ do: "export", path: "bell-sweep.qjm" });

    const saved: string[] = [];
    const click = vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (
      this: HTMLAnchorElement,
    ) {
      saved.push(this.download);
    });
    store.answering = false;
    const data = [new DataView(new ArrayBuffer(8))];
    store.message({ kind: "file", v: 1, id: "another view's", name: "not-mine.qjm" }, data);
    button(el, "Download").click();
    const { id } = lastSent(store) as { id: string };
    store.message({ kind: "file", v: 1, id, name: "bell-sweep.qjm" }, data);
    expect(saved).toEqual(["bell-sweep.qjm"]);
    click.mockRestore();
  });

  it("asks before it deletes", async () => {
    const { el, store } = await shown();
    await open(el, "bell sweep");
    button(el, "Delete…").click();
    await settle();
    expect(commands(store)).toHaveLength(0);
    expect(document.activeElement?.textContent).toBe("Keep");
    button(el, "Delete").click();
    await settle();
    expect(commands(store)).toMatchObject([{ do: "delete", set: "a1".repeat(16) }]);
    expect(rows(el)).toHaveLength(3);
  });

  it("prunes after it has said how many sets that is", async () => {
    const { el, store } = await shown();
    button(el, "Prune…").click();
    await settle(500);
    expect(el.querySelector(".qjm-prune")?.textContent).toContain("No such set.");
    type(input(el, "Delete sets older"), "5");
    await settle();
    expect(button(el, "Delete").disabled).toBe(true);
    await settle(400);
    expect(el.querySelector(".qjm-prune")?.textContent).toContain("Matches 1 set.");
    button(el, "Delete 1 set").click();
    await settle();
    expect(commands(store).at(-1)).toMatchObject({ do: "prune", days: 5, set: null });
  });

  it("reports that nothing answers", async () => {
    const { el, store } = await shown();
    store.answering = false;
    button(el, "Open readout calibration").click();
    await settle();
    expect(button(el, "Open readout calibration").textContent).toBe("sent…");
    await settle(31_000);
    expect(el.textContent).toContain(NO_ANSWER);
    button(el, "Refresh").click();
    await settle(3_100);
    expect(el.textContent).toContain("not connected to a kernel");
    store.answering = true;
    await settle(5_000);
    expect(el.textContent).not.toContain("not connected to a kernel");
  });

  it("says that the store cannot be read, until it can be again", async () => {
    const { el, store } = await shown();
    store.message({ kind: "trouble", v: 1, text: "The job store is locked." });
    await settle();
    expect(el.querySelector("[role=alert]")?.textContent).toBe("The job store is locked.");
    button(el, "Refresh").click();
    await settle();
    expect(el.querySelector("[role=alert]")).toBeNull();
  });

  it("shows foreign text as text, and survives messages that do not fit", async () => {
    const evil = "<img src=x onerror=alert(1)>\u202e";
    const [first] = storedSets(1, NOW);
    const { el, store } = await shown([{ ...first, name: evil, tags: [evil] } as never]);
    expect(el.querySelector("img")).toBeNull();
    expect(rows(el)[0]?.querySelector("bdi")?.textContent).toBe("<img src=x onerror=alert(1)>");
    store.message({ kind: "listing", v: 1, sets: [null] });
    await settle();
    expect(el.textContent).toContain("Reload the page");
    expect(rows(el)).toHaveLength(1);
  });
});

describe("a group in the list", () => {
  const GROUP = {
    group: " VQE\u202e ",
    name: "VQE",
    title: "ibm_fez · 230 sets · 230 circuits",
    lead: "229 of 230 done",
    line: "1 running",
    jobs: [0, 0, 0, 0, 1, 229, 0, 0],
    created: NOW - 60_000,
    open: false,
    unfolded: false,
    interrupted: 0,
  };

  async function withGroup() {
    const store = new FakeStore(storedSets(2, NOW));
    store.group = GROUP;
    store.members = storedSets(4, NOW).slice(2);
    const page = show(store);
    await settle();
    return page;
  }

  it("is one line that opens to its sets", async () => {
    const { el, store } = await withGroup();
    expect(rows(el)[0]?.textContent).toContain("229 of 230 done, 1 running");
    expect(rows(el)[0]?.textContent).toContain("1 min ago · ibm_fez · 230 sets · 230 circuits");
    expect(rows(el)).toHaveLength(3);
    await open(el, "VQE");
    expect(lastSent(store)).toMatchObject({ kind: "list", groups: [GROUP.group] });
    expect(rows(el)).toHaveLength(5);
    expect(el.querySelectorAll(".qjm-set-inside")).toHaveLength(2);
    expect(el.querySelector('[aria-setsize="5"]')).not.toBeNull();
    await open(el, "VQE");
    expect(rows(el)).toHaveLength(3);
  });

  it("opens its panel by its own name", async () => {
    const { el, store } = await withGroup();
    button(el, "Open VQE").click();
    await settle();
    expect(commands(store).at(-1)).toMatchObject({ do: "open", group: GROUP.group });
    button(el, "Close VQE").click();
    await settle();
    expect(commands(store).at(-1)).toMatchObject({ do: "close", group: GROUP.group });
  });

  it("says how many of its sets are interrupted", async () => {
    const { el, store } = await withGroup();
    store.group = { ...GROUP, interrupted: 3 };
    store.list();
    await settle();
    expect(rows(el)[0]?.textContent).toContain("3 interrupted");
  });
});
