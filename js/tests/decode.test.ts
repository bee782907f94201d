import { describe, expect, it } from "vitest";
import { FakeKernel } from "../demo/fake_kernel";
import { decodeMessage, decodeSnapshot } from "../src/decode";
import { scenario } from "./helpers";

const kernel = new FakeKernel(scenario("middle"));

describe("messages that fit", () => {
  it("come through with their buffer", () => {
    const decoded = decodeMessage(kernel.update(true), [kernel.statuses()]);
    expect(decoded).toMatchObject({ kind: "update", update: { full: true, seq: 0 } });
    if (decoded.kind === "update") expect([...decoded.statuses].slice(0, 3)).toEqual([5, 5, 6]);
  });

  it("may be a trait with the statuses inside, or a trait not filled yet", () => {
    expect(decodeSnapshot(kernel.snapshot())?.kind).toBe("update");
    expect(decodeSnapshot({})).toBeNull();
    expect(decodeSnapshot(null)).toBeNull();
  });

  it("lose actions that this page has no button for", () => {
    const update = kernel.update(true);
    for (const row of update.rows ?? []) (row.can as string[]).push("explode");
    const decoded = decodeMessage(update, [kernel.statuses()]);
    expect(JSON.stringify(decoded)).not.toContain("explode");
  });
});

describe("messages that do not fit become a sentence", () => {
  const good = kernel.update(true);
  it.each([
    ["nothing", null],
    ["a text", "update"],
    ["a list", [1, 2]],
    ["no version", { kind: "update" }],
    ["an unknown kind", { kind: "dance", v: 1 }],
    ["no head", { ...good, head: undefined }],
    ["a number as name", { ...good, head: { ...good.head, name: 5 } }],
    ["a text as seq", { ...good, seq: "7" }],
    ["not a number", { ...good, seq: Number.NaN }],
    ["a row with a foreign status", { ...good, rows: [{ ...good.rows?.[0], status: "dancing" }] }],
    ["runs of size nought", { ...good, runs: [[0, 0, 1, 5]] }],
    ["counts without keys", { ...good, histograms: [{ ...good.histograms?.[0], keys: [] }] }],
  ])("%s", (_, content) => {
    const decoded = decodeMessage(content, [kernel.statuses()]);
    expect(decoded).toMatchObject({
      kind: "problem",
      text: expect.stringMatching(/^Reload the page/),
    });
  });

  it("an update without its buffer", () => {
    expect(decodeMessage(good, []).kind).toBe("problem");
  });

  it("another version is named", () => {
    const decoded = decodeMessage({ ...good, v: 7 }, [kernel.statuses()]);
    expect(decoded).toMatchObject({ text: expect.stringContaining("the kernel speaks version 7") });
  });
});
