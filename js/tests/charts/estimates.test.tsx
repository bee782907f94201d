import { describe, expect, it } from "vitest";
import { NOW } from "../../demo/scenarios";
import { precisionText } from "../../src/text";
import { scenario, settle, show, useFakeTime } from "../helpers";

useFakeTime(NOW);

const energies = (estimates: string[], precision: [number, number] | null) => ({
  ...scenario("queue"),
  counts: {},
  estimates,
  precision,
});

describe("a set of expectation values", () => {
  it("shows the first of them in place of bars", async () => {
    const lines = ["circuit 0 (ising): 0.53 ± 0.05", "circuit 1 (<b>ising</b>): 0.41"];
    const { el } = show(energies(lines, [0.05, 0.05]));
    await settle(400);
    expect(el.querySelector(".qjm-estimates")?.textContent).toBe(lines.join("\n"));
    expect(el.querySelector(".qjm-counts svg")).toBeNull();
  });

  it("says so where none is there yet", async () => {
    const { el } = show(energies([], null));
    await settle(400);
    expect(el.querySelector(".qjm-empty")?.textContent).toContain("No expectation values yet");
  });

  it("has a precision where others have shots", async () => {
    const { el } = show(energies([], [0.01, 0.05]));
    await settle();
    const facts = el.querySelector(".qjm-facts")?.textContent;
    expect(facts).toContain("· precision 0.01 to 0.05");
    expect(facts).not.toContain("shot");
    expect(precisionText([0.01, 0.01])).toBe("precision 0.01");
  });
});
