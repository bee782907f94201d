import { FakeKernel } from "../../demo/fake_kernel";
import { NOW } from "../../demo/scenarios";
import { DEFAULT_CHOICE, type Update } from "../../src/protocol/wire";
import { EMPTY, type Event, type Origin, reduce, type State } from "../../src/state/state";
import { scenario } from "../helpers";

export function updateEvent(
  change: Partial<Update> = {},
  from: Origin = "message",
  kernel = new FakeKernel(scenario("middle")),
): Extract<Event, { type: "update" }> {
  kernel.send({
    kind: "look",
    v: 1,
    view: "a",
    first: 0,
    last: 10,
    choice: DEFAULT_CHOICE,
    query: null,
    asked: 0,
  });
  const bytes = new Uint8Array(kernel.statuses().buffer);
  return {
    type: "update",
    update: { ...kernel.update(change.full ?? false), ...change },
    statuses: bytes,
    from,
    at: NOW,
  };
}

export function stateAfter(...events: Event[]): State {
  return events.reduce(reduce, EMPTY);
}

export const full = (seq: number) => updateEvent({ full: true, seq });
