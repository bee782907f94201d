/**
 * The session that the Python side records (tests/fixtures/wire/session.json of the project) is read
 * here as a page would: {"snapshot": Update with "statuses": {"$bytes": base64}, or null,
 * "messages": [{"content": {...}, "buffers": [base64, ...]}, ...]}.
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { decodeMessage, decodeSnapshot } from "../../src/protocol/decode";
import { type Row, STATUS_MASK, STATUSES } from "../../src/protocol/wire";
import { spanOf, statusOf } from "../../src/state/selectors";
import { EMPTY, hasGap, reduce, type State } from "../../src/state/state";

const FILE = resolve(import.meta.dirname, "../../../tests/fixtures/wire/session.json");

interface Recorded {
  snapshot: { statuses: { $bytes: string } } | null;
  messages: { content: { kind: string }; buffers: string[] }[];
}

function bytes(base64: string): DataView {
  const decoded = Uint8Array.from(Buffer.from(base64, "base64"));
  return new DataView(decoded.buffer);
}

const recorded = (): Recorded => JSON.parse(readFileSync(FILE, "utf8"));

/** What has to hold after each update, whatever the session is about. */
function check(state: State, rows: readonly Row[]): void {
  const total = state.runs.reduce((sum, [, , pieces, spans]) => sum + pieces * spans, 0);
  expect(state.statuses).toHaveLength(total);
  for (const byte of state.statuses) expect(byte & STATUS_MASK).toBeLessThan(STATUSES.length);
  for (const row of rows) {
    expect(spanOf(state.runs, row.i)).toMatchObject({ start: row.start, stop: row.stop });
    expect(spanOf(state.runs, row.i)?.pieces).toBe(row.pieces);
    expect(statusOf(state, row.i)).toBe(row.status);
  }
  for (const { counts, rest, shots } of state.histograms.values()) {
    expect(counts.reduce((sum, n) => sum + n, 0) + rest.shots).toBe(shots);
  }
}

describe("the recorded session", () => {
  it("is read without a problem and without a gap", () => {
    const { messages } = recorded();
    expect(messages.length).toBeGreaterThan(0);
    let state = EMPTY;
    for (const { content, buffers } of messages) {
      const decoded = decodeMessage(content, buffers.map(bytes));
      expect(decoded, JSON.stringify(decoded).slice(0, 200)).toMatchObject({ kind: content.kind });
      if (decoded.kind !== "update") continue;
      const { update, statuses } = decoded;
      expect(hasGap(state, update)).toBe(false);
      state = reduce(state, { type: "update", update, statuses, from: "message", at: 0 });
      check(state, update.rows ?? []);
    }
    expect(state.head).not.toBeNull();
  });

  it("has a snapshot that a page can start from", () => {
    const { snapshot } = recorded();
    expect(snapshot).not.toBeNull();
    if (snapshot === null) return;
    const decoded = decodeSnapshot({ ...snapshot, statuses: bytes(snapshot.statuses.$bytes) });
    expect(decoded).toMatchObject({ kind: "update", update: { full: true } });
    if (decoded?.kind !== "update") return;
    const { update, statuses } = decoded;
    check(
      reduce(EMPTY, { type: "update", update, statuses, from: "trait", at: 0 }),
      update.rows ?? [],
    );
  });
});
