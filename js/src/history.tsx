/** The list of job sets in a store, as an anywidget module. */
import type { AnyModel, RenderProps } from "@anywidget/types";
import { render as paint } from "preact";
import { decodeMessage } from "./decode";
import {
  EMPTY_HISTORY,
  type HistoryState,
  readSets,
  reduceHistory,
  type SetAction,
  type Wish,
} from "./history_state";
import { HistoryList } from "./view/history_list";
import { WIRE_VERSION } from "./wire";

const TIMEOUT = 10_000;

function render({ model, el }: Pick<RenderProps, "model" | "el">): () => void {
  const source: Pick<AnyModel, "get" | "on" | "off" | "send"> = model;
  const timers = new Set<ReturnType<typeof setTimeout>>();
  let state: HistoryState = EMPTY_HISTORY;
  let wishes = 0;

  function apply(event: Parameters<typeof reduceHistory>[1]): void {
    state = reduceHistory(state, event);
    paint(<HistoryList state={state} now={Date.now()} onAction={ask} />, el);
  }

  function ask(action: SetAction, id: string): void {
    wishes += 1;
    const wish: Wish = { do: action, number: wishes };
    apply({ type: "sent", id, wish });
    timers.add(setTimeout(() => apply({ type: "late", id, wish }), TIMEOUT));
    try {
      source.send({ kind: action, v: WIRE_VERSION, id });
    } catch {
      // A closed comm throws; the time-out says that nothing answers.
    }
  }

  const onSets = (): void => apply({ type: "sets", sets: readSets(source.get("sets")) });
  const onMessage = (content: unknown): void => {
    const decoded = decodeMessage(content, []);
    if (decoded.kind === "ack") apply({ type: "ack", ...decoded.ack });
    else if (decoded.kind === "problem") apply({ type: "problem", text: decoded.text });
  };
  source.on("change:sets", onSets);
  source.on("msg:custom", onMessage);
  onSets();
  return () => {
    for (const timer of timers) clearTimeout(timer);
    source.off("change:sets", onSets);
    source.off("msg:custom", onMessage);
    paint(null, el);
  };
}

export default { render };
