import { describe, expect, it } from "vitest";
import { type Choice, DEFAULT_CHOICE } from "../../src/protocol/wire";
import { button, type Shown, scenario, settle, show, useFakeTime } from "../helpers";

describe("the pane", () => {
  useFakeTime();

  it("is calm before the first counts", async () => {
    const { el } = show(scenario("start"));
    await settle();
    expect(el.querySelector(".qjm-counts")?.textContent).toContain(
      "No counts yet: they appear when the first job is done.",
    );
  });

  it("draws by itself when Plotly does not come", async () => {
    const { el, kernel } = show(scenario("middle"));
    await settle(10_200);
    expect(kernel.sent.filter(({ kind }) => kind === "plotly")).toHaveLength(1);
    expect(el.querySelectorAll(".qjm-svg-bar")).toHaveLength(16);
    expect(el.querySelector(".qjm-svg")?.getAttribute("aria-label")).toBe(
      "Counts of all circuits, 6 of 10 jobs · 614,400 shots",
    );
  });

  it("has the counts as a table as well", async () => {
    const { el } = show(scenario("middle"));
    await settle();
    const [first] = el.querySelectorAll(".qjm-as-table tbody tr");
    const cells = [...(first?.children ?? [])].map((cell) => cell.textContent);
    expect(cells).toEqual(["0000", "147,200", "24.0 %", "23.9 – 24.1 %", "25.0 %"]);
  });

  it("shows how close the counts are to the expected ones, and hides that on a click", async () => {
    const { el } = show(scenario("middle"));
    await settle();
    expect(el.querySelector(".qjm-likeness")?.textContent).toContain("Hellinger fidelity 0.853");
    expect(el.querySelector(".qjm-svg-expected")).not.toBeNull();
    button(el, "Expected").click();
    await settle();
    expect(el.querySelector(".qjm-likeness")).toBeNull();
    expect(el.querySelector(".qjm-svg-expected")).toBeNull();
  });

  it("draws many outcomes as one shape", async () => {
    const shown = show(scenario("many"));
    await settle();
    await choose(shown, "Number of outcomes", "1024");
    expect(shown.el.querySelectorAll(".qjm-svg-bar")).toHaveLength(1);
    expect(shown.el.querySelectorAll(".qjm-as-table tbody tr")).toHaveLength(1024);
  });

  it("shows one circuit, within the set's bounds", async () => {
    const shown = show(scenario("middle"));
    await settle();
    await choose(shown, "Circuits", "one");
    await type(shown, "Circuit, 0 to 999", "412");
    expect(choices(shown).at(-1)).toMatchObject({ circuit: 412 });
    expect(shown.el.querySelector(".qjm-caption")?.textContent).toContain("1 of 1 job");
    const before = choices(shown).length;
    await type(shown, "Circuit, 0 to 999", "1000");
    await type(shown, "Circuit, 0 to 999", "-1");
    expect(choices(shown)).toHaveLength(before);
    const input = shown.el.querySelector('[aria-label="Circuit, 0 to 999"]');
    expect(input?.getAttribute("aria-invalid")).toBe("true");
    await type(shown, "Circuit, 0 to 999", "413");
    expect(input?.getAttribute("aria-invalid")).toBe("false");
  });

  it("shows the circuits of a group, by name or by what their metadata says", async () => {
    const shown = show(scenario("middle"));
    await settle();
    await choose(shown, "Circuits", "group");
    await settle();
    expect(choices(shown).at(-1)).toMatchObject({ name: "bell", metadata: null });
    await choose(shown, "Group circuits by", ":depth");
    await settle();
    expect(choices(shown).at(-1)).toMatchObject({ name: null, metadata: ["depth", "2"] });
    await choose(shown, "Group", "4");
    expect(choices(shown).at(-1)).toMatchObject({ metadata: ["depth", "4"] });
    await choose(shown, "Circuits", "all");
    expect(choices(shown).at(-1)).toEqual(DEFAULT_CHOICE);
  });

  it("shows some bits of one register", async () => {
    const shown = show(scenario("middle"));
    await settle();
    button(shown.el, "Options").click();
    await settle();
    await choose(shown, "Classical register", "meas");
    await type(shown, "Bits, 0 is rightmost", "0, 1");
    expect(choices(shown).at(-1)).toMatchObject({ register: "meas", bits: [0, 1] });
    const rows = [...shown.el.querySelectorAll(".qjm-as-table tbody th")];
    expect(rows.map(({ textContent }) => textContent)).toEqual(["00", "01", "10", "11"]);
    await type(shown, "Bits, 0 is rightmost", "0, x");
    expect(choices(shown).at(-1)).toMatchObject({ bits: [0, 1] });
    expect(control(shown, "Bits, 0 is rightmost").getAttribute("aria-invalid")).toBe("true");
  });
});

function choices({ kernel }: Shown): (Choice | null)[] {
  return kernel.sent.flatMap((each) => (each.kind === "look" ? [each.choice] : []));
}

function control({ el }: Shown, name: string): HTMLInputElement {
  const found = el.querySelector<HTMLInputElement>(`[aria-label="${name}"]`);
  if (found === null) throw new Error(`no control "${name}"`);
  return found;
}

async function choose(shown: Shown, name: string, value: string): Promise<void> {
  const found = control(shown, name);
  found.value = value;
  found.dispatchEvent(new Event("change", { bubbles: true }));
  await settle();
}

async function type(shown: Shown, name: string, value: string): Promise<void> {
  const found = control(shown, name);
  found.value = value;
  found.dispatchEvent(new Event("input", { bubbles: true }));
  await settle();
}
