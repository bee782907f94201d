/** Connect the model of a group's panel with its state. Independent of the views. */
import type { AnyModel } from "@anywidget/types";
import { type DecodedGroup, decodeGroup, decodeGroupMessage } from "../protocol/group_decode";
import { GROUP_VERSION, type Group, type SetFacts, type ToGroup } from "../protocol/group_wire";
import { newId, openConnection } from "../state/connection";
import { NO_ANSWER, REFUSED } from "../state/state";

/** Milliseconds. */
const HELLO_TIMEOUT = 3_000;
const COMMAND_TIMEOUT = 30_000;
const RETRY_PAUSE = 5_000;
const MOST_RETRIES = 4;
/** Between two requests while another kernel drives a set: its changes do not reach this one. */
const FOLLOW_PAUSE = 5_000;
const TICK = 1_000;

export type Facts = Omit<SetFacts, "kind" | "v">;

export interface GroupState {
  /** Null before the first update. */
  readonly group: Group | null;
  /** When it came, in milliseconds since 1970 UTC. */
  readonly at: number;
  readonly connection: "connecting" | "connected" | "disconnected";
  /** The number of the set that the reader chose, and its facts when they have come. */
  readonly chosen: number | null;
  readonly facts: Facts | null;
  /** The set of a command that is not answered yet. */
  readonly pending: string | null;
  /** Why the last command was refused. */
  readonly refused: string | null;
  readonly problem: string | null;
}

export interface GroupActions {
  choose(number: number | null): void;
  open(set: string): void;
  close(set: string): void;
}

export interface GroupSession {
  readonly state: GroupState;
  readonly actions: GroupActions;
  open(): void;
  close(): void;
}

export type GroupModel = Pick<AnyModel<{ group: unknown }>, "get" | "on" | "off" | "send">;

export function connectGroup(model: GroupModel, changed: () => void): GroupSession {
  const view = newId();
  const { send, after, stop, close } = openConnection<ToGroup>(model);
  let state: GroupState = {
    group: null,
    at: 0,
    connection: "connecting",
    chosen: null,
    facts: null,
    pending: null,
    refused: null,
    problem: null,
  };
  let command: string | null = null;
  let retries = 0;
  let helloTimer: ReturnType<typeof setTimeout> | null = null;
  let tickTimer: ReturnType<typeof setTimeout> | null = null;
  let followTimer: ReturnType<typeof setTimeout> | null = null;

  function set(part: Partial<GroupState>): void {
    state = { ...state, ...part };
    changed();
  }

  function hello(): void {
    if (helloTimer === null) {
      helloTimer = after(HELLO_TIMEOUT, () => {
        helloTimer = null;
        set({ connection: "disconnected" });
        // A running cell may delay the answer. Stop after some retries: the kernel may be gone.
        retries += 1;
        if (retries <= MOST_RETRIES) after(RETRY_PAUSE * retries, hello);
      });
    }
    send({ kind: "hello", v: GROUP_VERSION, view });
  }

  function connected(): void {
    stop(helloTimer);
    helloTimer = null;
    retries = 0;
    if (state.connection !== "connected") set({ connection: "connected" });
  }

  function ask(): void {
    if (state.chosen !== null) send({ kind: "set", v: GROUP_VERSION, number: state.chosen });
  }

  function show(value: unknown): void {
    const decoded = decodeGroup(value);
    if (decoded?.kind === "malformed") set({ problem: decoded.text });
    if (decoded?.kind !== "group") return;
    set({ group: decoded.group, at: Date.now(), problem: null });
    ask();
    if (tickTimer === null) tick();
    if (decoded.group.elsewhere !== null && followTimer === null) {
      followTimer = after(FOLLOW_PAUSE, () => {
        followTimer = null;
        hello();
      });
    }
  }

  function receive(decoded: DecodedGroup): void {
    if (decoded.kind === "malformed") {
      set({ problem: decoded.text });
      return;
    }
    connected();
    if (decoded.kind === "set" && decoded.facts.number === state.chosen)
      set({ facts: decoded.facts });
    if (decoded.kind === "ack" && decoded.id === command) {
      set({ pending: null, refused: decoded.ok ? null : decoded.text || REFUSED });
    }
  }

  function execute(name: "open" | "close", target: string): void {
    const id = newId();
    command = id;
    set({ pending: target, refused: null });
    after(COMMAND_TIMEOUT, () => {
      if (command === id && state.pending !== null) set({ pending: null, refused: NO_ANSWER });
    });
    send({ kind: "do", v: GROUP_VERSION, id, do: name, set: target });
  }

  function tick(): void {
    tickTimer = null;
    if (state.group?.going !== true) return;
    if (state.connection === "connected") changed();
    tickTimer = after(TICK, tick);
  }

  const onMessage = (content: unknown): void => receive(decodeGroupMessage(content));
  const onChange = (): void => {
    connected();
    show(model.get("group"));
  };

  return {
    get state() {
      return state;
    },
    actions: {
      choose(number) {
        set({ chosen: number, facts: number === state.facts?.number ? state.facts : null });
        ask();
      },
      open: (target) => execute("open", target),
      close: (target) => execute("close", target),
    },
    open() {
      model.on("msg:custom", onMessage);
      model.on("change:group", onChange);
      show(model.get("group"));
      hello();
    },
    close() {
      close();
      model.off("msg:custom", onMessage);
      model.off("change:group", onChange);
      send({ kind: "bye", v: GROUP_VERSION, view });
    },
  };
}
