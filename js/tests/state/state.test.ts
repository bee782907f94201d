import { describe, expect, it } from "vitest";
import { NOW } from "../../demo/scenarios";
import { rabi } from "../../demo/sweeps";
import {
  axesKey,
  type Choice,
  DEFAULT_AXES,
  DEFAULT_CHOICE,
  STATUSES,
  type Update,
} from "../../src/protocol/wire";
import {
  currentRow,
  histogramFor,
  pendingAction,
  spanOf,
  statusOf,
} from "../../src/state/selectors";
import { EMPTY, type Event, hasGap, NO_ANSWER, reduce } from "../../src/state/state";
import { full, stateAfter, updateEvent } from "./events";

describe("updates", () => {
  it("take a row's status from the bytes, not from its details", () => {
    const late = updateEvent({ seq: 2 });
    late.statuses[7] = STATUSES.indexOf("done");
    const state = stateAfter(full(1), late);
    expect(statusOf(state, 7)).toBe("done");
    expect(state.rows.get(7)?.status).toBe("running");
    expect(currentRow(state, 7)).toBeNull();
  });

  it("are the same applied twice", () => {
    const event = updateEvent({ seq: 2 });
    const once = stateAfter(full(1), event);
    const twice = reduce(once, event);
    expect(twice).toEqual(once);
  });

  it("that are older change nothing", () => {
    const state = stateAfter(full(5));
    expect(reduce(state, updateEvent({ seq: 4 }))).toBe(state);
    expect(reduce(state, updateEvent({ seq: 4, full: true }))).toBe(state);
  });

  it("without statuses leave them as the one before said", () => {
    const state = stateAfter(full(1));
    const said = { ...updateEvent({ seq: 2 }), statuses: new Uint8Array(0) };
    expect(reduce(state, said).statuses).toBe(state.statuses);
  });

  it("with a gap ask for hello; a full one never does", () => {
    const state = stateAfter(full(5));
    const at = (change: Partial<Update>) => updateEvent(change).update;
    expect(hasGap(state, at({ seq: 6 }))).toBe(false);
    expect(hasGap(state, at({ seq: 5 }))).toBe(false);
    expect(hasGap(state, at({ seq: 7 }))).toBe(true);
    expect(hasGap(state, at({ seq: 9, full: true }))).toBe(false);
    expect(hasGap(EMPTY, at({ seq: 0 }))).toBe(true);
  });

  it("that are not full wait for the first full one", () => {
    const state = reduce(EMPTY, updateEvent({ seq: 3 }));
    expect(state.head).toBeNull();
    expect(state.connection).toBe("connected");
  });

  it("that are full replace row details, the trait adds to them", () => {
    const state = stateAfter(full(1));
    const none = { full: true, seq: 2, rows: [] };
    expect(reduce(state, updateEvent(none)).rows.size).toBe(0);
    expect(reduce(state, updateEvent(none, "trait")).rows.size).toBe(state.rows.size);
  });

  it("with another layout drop what was known about rows", () => {
    const state = stateAfter(full(1), updateEvent({ seq: 2, runs: [[0, 10, 1, 10]], rows: [] }));
    expect(state.rows.size).toBe(0);
    expect(spanOf(state.runs, 3)?.start).toBe(30);
  });

  it("that were saved do not say that a kernel is there, a change does", () => {
    const state = stateAfter(updateEvent({ full: true, seq: 1 }, "saved"), {
      type: "disconnected",
    });
    expect(state.connection).toBe("disconnected");
    expect(reduce(state, updateEvent({ seq: 2 })).connection).toBe("connected");
    expect(reduce(state, updateEvent({ full: true, seq: 1 }, "trait")).connection).toBe(
      "connected",
    );
  });

  it("continue by the trait while the kernel is too busy to read our hello", () => {
    const state = stateAfter(updateEvent({ full: true, seq: 0 }, "saved"));
    const later = updateEvent({ full: true, seq: 0 }, "trait");
    later.update.head = { ...later.update.head, lead: "7 of 10 done", now: NOW + 2_000 };
    const next = reduce(state, later);
    expect(next.head?.lead).toBe("7 of 10 done");
    const older = updateEvent({ full: true, seq: 0 }, "trait");
    expect(reduce(next, older).head?.lead).toBe("7 of 10 done");
  });

  it("of the trait, which has fewer points, replace no sweep while messages arrive", () => {
    const fine = rabi(DEFAULT_AXES, false);
    const coarse = { ...fine, series: [] };
    const other = { ...coarse, axes: { x: ["index"], y: null } };
    const shown = stateAfter(full(1), updateEvent({ seq: 2, sweeps: [fine] }));
    const trait = updateEvent({ seq: 3, full: true, sweeps: [coarse, other] }, "trait");
    const after = reduce(shown, trait);
    expect([...after.sweeps.values()]).toEqual([fine, other]);
    expect(reduce(stateAfter(full(1)), trait).sweeps.get(axesKey(DEFAULT_AXES))).toEqual(coarse);
    const unpushed = reduce({ ...shown, pushed: false }, trait);
    expect(unpushed.sweeps.get(axesKey(DEFAULT_AXES)), "nothing else brings news").toEqual(coarse);
  });

  it("keep the histograms of two views apart", () => {
    const histogram = updateEvent().update.histograms?.[0];
    if (histogram === undefined) throw new Error("no histogram");
    const histograms = [16, 64].map((top) => ({
      ...histogram,
      choice: { ...DEFAULT_CHOICE, top },
    }));
    const state = stateAfter(updateEvent({ full: true, seq: 1, histograms }));
    const shown = (change: Partial<Choice>) =>
      histogramFor(state, { ...DEFAULT_CHOICE, ...change })?.choice;
    expect(shown({ top: 16 })?.top).toBe(16);
    expect(shown({ top: 64 })?.top).toBe(64);
    expect(shown({ top: 256 })).toMatchObject({ circuit: null });
    expect(shown({ top: 16, circuit: 3 })).toBeUndefined();
    expect(shown({ top: 16, bits: [0] })).toBeUndefined();
  });
});

describe("commands", () => {
  const sent: Event = { type: "sent", id: "c1", do: "cancel", rows: [7] };
  const ack = (ok: boolean, text = ""): Event => ({
    type: "ack",
    ack: { kind: "ack", v: 1, id: "c1", ok, text },
  });

  it("never write a status", () => {
    const state = stateAfter(full(1), sent);
    expect(statusOf(state, 7)).toBe("running");
    expect(pendingAction(state, 7)).toBe("cancel");
    expect(pendingAction(state, 8)).toBeNull();
  });

  it("are pending until the update after the acknowledgement", () => {
    const recorded = stateAfter(full(1), sent, ack(true));
    expect(pendingAction(recorded, 7)).toBe("cancel");
    expect(pendingAction(reduce(recorded, updateEvent({ seq: 2 })), 7)).toBeNull();
  });

  it("are over with the acknowledgement when an update was faster", () => {
    const state = stateAfter(full(1), sent, updateEvent({ seq: 2 }));
    expect(pendingAction(state, 7)).toBe("cancel");
    expect(pendingAction(reduce(state, ack(true)), 7)).toBeNull();
  });

  it("that are refused say why", () => {
    const state = stateAfter(full(1), sent, ack(false, "job 7 is done"));
    expect(state.notice?.text).toBe("job 7 is done");
    expect(pendingAction(state, 7)).toBeNull();
  });

  it("that stay unanswered say so, and a late answer takes it back", () => {
    const late = stateAfter(full(1), sent, { type: "timed_out", id: "c1" });
    expect(late.notice?.text).toBe(NO_ANSWER);
    expect(pendingAction(late, 7)).toBeNull();
    expect(reduce(late, ack(true)).notice).toBeNull();
  });

  it("for all cover the rows that can", () => {
    const state = stateAfter(full(1), { type: "sent", id: "c2", do: "retry", rows: null });
    expect(pendingAction(state, 2)).toBe("retry");
    expect(pendingAction(state, 3)).toBeNull();
  });

  it("of another view are left alone", () => {
    const state = stateAfter(full(1));
    expect(reduce(state, ack(false, "no"))).toBe(state);
  });
});
