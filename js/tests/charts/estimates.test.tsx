import { describe, expect, it } from "vitest";
import { NOW } from "../../demo/scenarios";
import { precisionText } from "../../src/text";
import { scenario, settle, show, useFakeTime } from "../helpers";

useFakeTime(NOW);

const energies = (estimates: string[]) => ({
  ...scenario("queue"),
  counts: {},
  estimates,
});

describe("a set of expectation values", () => {
  it("shows the first of them in place of bars", async () => {
    const lines = ["circuit 0 (ising): 0.53 ± 0.05", "circuit 1 (<b>ising</b>): 0.41"];
    const { el } = show(energies(lines));
    await settle(400);
    expect(el.querySelector(".qjm-estimates")?.textContent).toBe(lines.join("\n"));
    expect(el.querySelector(".qjm-counts svg")).toBeNull();
  });

  it("says so where none is there yet", async () => {
    const { el } = show(energies([]));
    await settle(400);
    expect(el.querySelector(".qjm-empty")?.textContent).toContain("No expectation values yet");
  });

  it("has a precision where others have shots, and its points", async () => {
    const { el } = show({ ...energies([]), points: 2_000, effort: "precision 0.01" });
    await settle();
    const facts = el.querySelector(".qjm-facts")?.textContent;
    expect(facts).toMatch(/ circuits · 2,000 points · \d+ jobs · precision 0.01$/);
    expect(precisionText([0.01, 0.05])).toBe("precision 0.01 to 0.05");
  });
});
