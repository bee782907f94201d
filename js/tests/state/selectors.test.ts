import { describe, expect, it } from "vitest";
import { NOW } from "../../demo/scenarios";
import type { Run, Status } from "../../src/protocol/wire";
import {
  actionsOf,
  countStatuses,
  hasFailedCircuits,
  spanOf,
  statusOf,
  times,
} from "../../src/state/selectors";
import { EMPTY } from "../../src/state/state";
import { full, stateAfter, updateEvent } from "./events";

describe("rows map to spans, run-length coded", () => {
  const runs: Run[] = [
    [0, 100, 1, 2],
    [200, 50, 3, 2],
    [300, 7, 1, 1],
    [307, 1, 2, 3, 10, 5, 22],
  ];
  it.each([
    [0, "0-100 0/1"],
    [1, "100-200 0/1"],
    [2, "200-250 0/3"],
    [4, "200-250 2/3"],
    [5, "250-300 0/3"],
    [8, "300-307 0/1"],
  ])("row %d", (i, words) => {
    const span = spanOf(runs, i);
    expect(`${span?.start}-${span?.stop} ${span?.piece}/${span?.pieces}`).toBe(words);
  });

  it.each([
    [9, "307-308 0/2 10-15"],
    [12, "307-308 1/2 15-20"],
    [14, "307-308 1/2 20-22"],
  ])("row %d holds points", (i, words) => {
    const span = spanOf(runs, i);
    const points = span?.points?.join("-");
    expect(`${span?.start}-${span?.stop} ${span?.piece}/${span?.pieces} ${points}`).toBe(words);
  });

  it("ends with the layout", () => {
    expect(spanOf(runs, 15)).toBeNull();
    expect(spanOf([], 0)).toBeNull();
  });
});

describe("statuses", () => {
  const bytes = Uint8Array.from([5, 5, 6, 0x14, 0]);
  const someFailed = { ...EMPTY, statuses: Uint8Array.from([5, 0x45, 0x65]) };
  it("of jobs that are done say whether circuits failed, which can be sent again", () => {
    expect([hasFailedCircuits(someFailed, 0), hasFailedCircuits(someFailed, 1)]).toEqual([
      false,
      true,
    ]);
    expect(statusOf(someFailed, 1)).toBe("done");
    expect([0, 1, 2].map((row) => actionsOf(someFailed, row))).toEqual([[], ["retry"], []]);
  });

  it("are counted without their flags", () => {
    const counts = countStatuses(bytes);
    const of = (status: Status) => counts.get(status);
    expect([of("done"), of("error"), of("running"), of("not_sent"), of("held")]).toEqual([
      2, 1, 1, 1, 0,
    ]);
  });

  it("say what can be done with a row", () => {
    const state = { ...EMPTY, statuses: bytes };
    expect([0, 2, 3, 4].map((row) => actionsOf(state, row))).toEqual([
      [],
      ["retry"],
      [],
      ["cancel"],
    ]);
    const lost = { ...EMPTY, statuses: Uint8Array.from([0x26, 0x22, 0x25]) };
    expect([0, 1, 2].map((row) => actionsOf(lost, row))).toEqual([[], ["cancel"], []]);
  });
});

describe("times", () => {
  it("of a running job grow by the kernel's clock", () => {
    const state = stateAfter(full(1));
    expect(times(state, 7, NOW).ran).toBe(5_000);
    expect(times(state, 7, NOW + 3_000)).toEqual({
      waited: 182_000,
      ran: 8_000,
      since: 8_000,
    });
    expect(times(state, 0, NOW + 3_000).ran).toBe(8_000);
  });

  it("are fixed without a kernel", () => {
    const state = stateAfter(updateEvent({ full: true, seq: 1 }, "saved"), {
      type: "disconnected",
    });
    expect(times(state, 7, NOW + 3_000).ran).toBe(5_000);
  });
});
