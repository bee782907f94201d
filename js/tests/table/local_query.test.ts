/** A saved panel without a kernel still finds and sorts what it has. */
import { describe, expect, it } from "vitest";
import type { Query } from "../../src/protocol/wire";
import { EMPTY, type State } from "../../src/state/state";
import { rowsFor } from "../../src/table/local_query";

/** Rows 0 to 4 hold circuits 0–99, 100–199 and so on: done, failed, done, queued, not sent. */
const STATE: State = {
  ...EMPTY,
  runs: [[0, 100, 1, 5]],
  statuses: Uint8Array.from([5, 6, 5, 3, 0]),
};
const ask = (query: Partial<Query>) => [
  ...rowsFor(STATE, { text: "", statuses: [], sort: "job", down: false, ...query }),
];

describe("without a kernel", () => {
  it.each([
    ["250", [2]],
    ["circuit 250", [2]],
    ["150-310", [1, 2, 3]],
    ["job 4", [4]],
    ["recalibrated", []],
    [" ", [0, 1, 2, 3, 4]],
  ])("a search for %j finds %j", (text, rows) => {
    expect(ask({ text })).toEqual(rows);
  });

  it("statuses are filtered and sorted", () => {
    expect(ask({ statuses: ["done"] })).toEqual([0, 2]);
    expect(ask({ sort: "status" })).toEqual([4, 3, 0, 2, 1]);
    expect(ask({ down: true })).toEqual([4, 3, 2, 1, 0]);
  });
});
