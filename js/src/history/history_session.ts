/** Connect the model of the list with its state. Independent of the views. */
import type { AnyModel } from "@anywidget/types";
import { type DecodedStore, decodeListing, decodeStore } from "../protocol/history_decode";
import {
  type GroupCommand,
  HISTORY_VERSION,
  type Query,
  type SetCommand,
  type StoreCommand,
  type ToStore,
} from "../protocol/history_wire";
import { newId, openConnection } from "../state/connection";
import {
  type CommandName,
  EMPTY_HISTORY,
  groupKey,
  type HistoryEvent,
  type HistoryState,
  reduceHistory,
  sameQuery,
} from "./history_state";

/** Milliseconds. */
const LIST_TIMEOUT = 3_000;
const COMMAND_TIMEOUT = 30_000;
const RETRY_PAUSE = 5_000;
const MOST_RETRIES = 4;
const SCROLL_PAUSE = 50;
const TYPING_PAUSE = 200;

export interface HistoryActions {
  /** Request the sets at positions `first` up to, not including, `last`. */
  setViewport(first: number, last: number): void;
  /** Change parts of the query. */
  search(part: Partial<Query>): void;
  refresh(): void;
  /** List the sets of a group below it, or no longer. */
  fold(group: string): void;
  commandSet(set: string, command: SetCommand): void;
  commandGroup(group: string, command: GroupCommand): void;
  commandStore(command: StoreCommand): void;
}

export interface HistorySession extends HistoryActions {
  readonly state: HistoryState;
  open(): void;
  close(): void;
}

export type HistoryModel = Pick<AnyModel<{ listing: unknown }>, "get" | "on" | "off" | "send">;

export function connectHistory(
  model: HistoryModel,
  changed: () => void,
  save: (name: string, data: Uint8Array) => void,
): HistorySession {
  const view = newId();
  const { send, after, stop, close } = openConnection<ToStore>(model);
  const countedDays = new Map<string, number>();
  let state = EMPTY_HISTORY;
  let retries = 0;
  let viewport = { first: 0, last: 30 };
  let searchTimer: ReturnType<typeof setTimeout> | null = null;
  let listTimer: ReturnType<typeof setTimeout> | null = null;

  function apply(event: HistoryEvent): void {
    const next = reduceHistory(state, event);
    if (next === state) return;
    state = next;
    changed();
  }

  function list(): void {
    stop(searchTimer);
    if (listTimer === null) {
      listTimer = after(LIST_TIMEOUT, () => {
        listTimer = null;
        apply({ type: "disconnected" });
        // A running cell may delay the answer. Stop after some retries: the kernel may be gone.
        retries += 1;
        if (retries <= MOST_RETRIES) after(RETRY_PAUSE * retries, list);
      });
    }
    const { query, unfolded } = state;
    send({ kind: "list", v: HISTORY_VERSION, view, ...viewport, query, groups: [...unfolded] });
  }

  function scheduleList(pause: number): void {
    stop(searchTimer);
    searchTimer = after(pause, list);
  }

  /** Note a command that is being sent, and return its id. */
  function sending(set: string | null, name: CommandName): string {
    const id = newId();
    apply({ type: "sent", id, command: { do: name, set } });
    after(COMMAND_TIMEOUT, () => apply({ type: "timed_out", id }));
    return id;
  }

  function sendCommand(set: string | null, command: SetCommand | StoreCommand): void {
    const id = sending(set, command.do);
    if (command.do === "count_older") countedDays.set(id, command.days);
    send({ kind: "do", v: HISTORY_VERSION, id, set, ...command });
  }

  function receive(decoded: DecodedStore): void {
    switch (decoded.kind) {
      case "listing":
        stop(listTimer);
        listTimer = null;
        retries = 0;
        apply({ type: "listing", listing: decoded.listing, from: "message" });
        break;
      case "trouble":
        stop(listTimer);
        listTimer = null;
        apply({ type: "problem", text: decoded.text });
        break;
      case "file":
        // Two views of one model receive each other's answers.
        if (state.waiting.has(decoded.id)) save(decoded.name, decoded.data);
        break;
      case "ack":
        apply({ ...decoded, type: "ack", days: countedDays.get(decoded.id) ?? null });
    }
  }

  const onMessage = (content: unknown, buffers: readonly unknown[]): void =>
    receive(decodeStore(content, buffers ?? []));

  return {
    get state() {
      return state;
    },
    open() {
      model.on("msg:custom", onMessage);
      const saved = decodeListing(model.get("listing"));
      if (saved?.kind === "listing") {
        apply({ type: "listing", listing: saved.listing, from: "saved" });
      }
      list();
    },
    setViewport(first, last) {
      if (first === viewport.first && last === viewport.last) return;
      viewport = { first, last };
      scheduleList(SCROLL_PAUSE);
    },
    search(part) {
      const query = { ...state.query, ...part };
      if (sameQuery(query, state.query)) return;
      const textChanged = query.text !== state.query.text;
      viewport = { first: 0, last: viewport.last - viewport.first };
      apply({ type: "query", query });
      scheduleList(textChanged ? TYPING_PAUSE : 0);
    },
    refresh: list,
    fold(group) {
      apply({ type: "fold", group });
      list();
    },
    commandSet: sendCommand,
    commandGroup(group, command) {
      const id = sending(groupKey(group), command.do);
      send({ kind: "do", v: HISTORY_VERSION, id, group, ...command });
    },
    commandStore: (command) => sendCommand(null, command),
    close() {
      close();
      model.off("msg:custom", onMessage);
      send({ kind: "bye", v: HISTORY_VERSION, view });
    },
  };
}
