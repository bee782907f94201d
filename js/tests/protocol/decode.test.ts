import { describe, expect, it } from "vitest";
import { FakeKernel } from "../../demo/fake_kernel";
import { decodeMessage, decodeSnapshot } from "../../src/protocol/decode";
import { scenario } from "../helpers";

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

describe("a head of an older kernel, as a saved notebook has it", () => {
  it("is read as one that can do nothing new", () => {
    const { owner: _, waiting: __, can, ...head } = kernel.snapshot().head;
    const old = { ...head, can: { cancel: can.cancel, retry: can.retry } };
    const decoded = decodeSnapshot({ ...kernel.snapshot(), head: old });
    expect(decoded).toMatchObject({
      update: {
        head: {
          can: { ...old.can, retry_held: 0, pause: false, unpause: false, resume: false },
          waiting: null,
          owner: null,
        },
      },
    });
  });
});

describe("a refusal", () => {
  it("keeps its lines, and code longer than a line of ours", () => {
    const text = `Make a backend, then:\n\`job_set.resume(${"b".repeat(600)})\``;
    const decoded = decodeMessage({ kind: "ack", v: 1, id: "c", ok: false, text }, []);
    expect(decoded).toMatchObject({ ack: { text } });
  });
});

describe("messages that do not fit become a sentence", () => {
  const good = kernel.update(true);
  const withCan = (can: object) => ({ ...good.head, can: { ...good.head.can, ...can } });
  it.each([
    ["nothing", null],
    ["a text", "update"],
    ["a list", [1, 2]],
    ["no version", { kind: "update" }],
    ["an unknown kind", { kind: "dance", v: 1 }],
    ["no head", { ...good, head: undefined }],
    ["a number as name", { ...good, head: { ...good.head, name: 5 } }],
    ["a text as number of held jobs", { ...good, head: withCan({ retry_held: "3" }) }],
    ["waiting without words", { ...good, head: { ...good.head, waiting: { until: 5 } } }],
    [
      "waiting until a text",
      { ...good, head: { ...good.head, waiting: { text: "", until: "5" } } },
    ],
    ["a number as owner", { ...good, head: { ...good.head, owner: 12 } }],
    ["a text as seq", { ...good, seq: "7" }],
    ["not a number", { ...good, seq: Number.NaN }],
    ["a row with a foreign status", { ...good, rows: [{ ...good.rows?.[0], status: "dancing" }] }],
    ["a number as effort", { ...good, head: { ...good.head, effort: 1024 } }],
    ["a text as number of points", { ...good, head: { ...good.head, points: "1024" } }],
    ["a run without its spans", { ...good, runs: [[0, 1, 1]] }],
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
    expect(decoded).toMatchObject({
      text: expect.stringContaining("the kernel uses protocol version 7"),
    });
  });
});
