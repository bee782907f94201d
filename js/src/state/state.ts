/**
 * The state of the page and its reducer. Pure: no timers, no DOM, no model.
 *
 * The page never sets a status itself. A click becomes a command in `commands`, and only the next update of the
 * kernel changes a row.
 */
import {
  type Ack,
  type Action,
  axesKey,
  choiceKey,
  type Detail,
  type Drawing,
  type Drawings,
  type Groups,
  type Head,
  type Histogram,
  type Row,
  type Run,
  type Sweep,
  type Timeline,
  type Update,
} from "../protocol/wire";
import { merged } from "./merged";

export const NO_ANSWER = "The kernel does not answer: it may be busy or stopped.";
export const REFUSED = "The kernel refused and gave no reason.";

/** A command that was sent. Null rows: all rows that it applies to. */
export interface Command {
  readonly do: Action;
  readonly rows: readonly number[] | null;
  /** "recorded": the kernel has accepted the command, and the next update shows it. "timed_out": no answer came. */
  readonly phase: "sent" | "recorded" | "timed_out";
  /** Whether an update arrived after the command was sent. The update may already show it. */
  readonly updated: boolean;
}

export interface Notice {
  readonly command: string;
  readonly do: Action;
  readonly text: string;
  /** Whether the kernel refused the command, so that the notice stays until it is dismissed; else no answer came. */
  readonly refused: boolean;
}

/** Details of a row, with the kernel's clock at that time: durations continue from there. */
export type ReceivedRow = Row & { readonly at: number };

/** The drawings of a job's circuits so far, from its first circuit on. */
export interface DrawnCircuits {
  readonly of: number;
  readonly drawings: readonly Drawing[];
  readonly problem: string | null;
  readonly loading: boolean;
}

export interface State {
  /** "disconnected": the kernel did not answer `hello`, so the saved state is shown. */
  readonly connection: "connecting" | "connected" | "disconnected";
  /** A refresh was requested and is not answered yet. */
  readonly refreshing: boolean;
  /** False if the kernel's messages arrive only as answers, as in some hosted notebooks. */
  readonly pushed: boolean;
  /** Set after an invalid message. */
  readonly problem: string | null;
  /** The result of a command, if it needs attention. */
  readonly notice: Notice | null;
  readonly seq: number;
  readonly head: Head | null;
  /** The page's clock when `head` arrived; with `head.now` it gives the kernel's clock. */
  readonly receivedAt: number;
  readonly runs: readonly Run[];
  readonly statuses: Uint8Array;
  readonly rows: ReadonlyMap<number, ReceivedRow>;
  readonly details: ReadonlyMap<number, Detail>;
  readonly circuits: ReadonlyMap<number, DrawnCircuits>;
  /** The rows of this view's query in their order; null for all rows. */
  readonly order: Uint32Array | null;
  /** A query was sent and is not answered yet. */
  readonly queryPending: boolean;
  readonly histograms: ReadonlyMap<string, Histogram>;
  readonly sweeps: ReadonlyMap<string, Sweep>;
  /** Null until requested and received. */
  readonly groups: Groups | null;
  readonly timeline: Timeline | null;
  readonly commands: ReadonlyMap<string, Command>;
}

/** "saved" is the trait as found at the start; "trait" is a change of it, which only a kernel makes. */
export type Origin = "saved" | "trait" | "message";

export type Event =
  | { type: "update"; update: Update; statuses: Uint8Array; from: Origin; at: number }
  | { type: "detail"; detail: Detail }
  | { type: "drawings"; drawings: Drawings }
  | { type: "drawing_requested"; row: number }
  | { type: "query_sent" }
  | { type: "query_answered"; rows: Uint32Array | null }
  | { type: "ack"; ack: Ack }
  | { type: "groups"; groups: Groups }
  | { type: "timeline"; timeline: Timeline }
  | { type: "problem"; text: string }
  | { type: "disconnected" }
  | { type: "refreshing" }
  | { type: "pushed"; pushed: boolean }
  | { type: "sent"; id: string; do: Action; rows: readonly number[] | null }
  | { type: "timed_out"; id: string }
  | { type: "dismissed" };

/** The part of the state that any message of the kernel implies. */
const ANSWERED = { connection: "connected", refreshing: false } as const;

export const EMPTY: State = {
  connection: "connecting",
  refreshing: false,
  pushed: true,
  problem: null,
  notice: null,
  seq: -1,
  head: null,
  receivedAt: 0,
  runs: [],
  statuses: new Uint8Array(0),
  rows: new Map(),
  details: new Map(),
  circuits: new Map(),
  order: null,
  queryPending: false,
  histograms: new Map(),
  sweeps: new Map(),
  groups: null,
  timeline: null,
  commands: new Map(),
};

export function reduce(state: State, event: Event): State {
  switch (event.type) {
    case "update":
      return applyUpdate(state, event);
    case "detail":
      return {
        ...state,
        ...ANSWERED,
        details: new Map(state.details).set(event.detail.row, event.detail),
      };
    case "drawing_requested":
      return {
        ...state,
        circuits: new Map(state.circuits).set(event.row, {
          ...(state.circuits.get(event.row) ?? { of: 0, drawings: [] }),
          problem: null,
          loading: true,
        }),
      };
    case "drawings":
      return applyDrawings(state, event.drawings);
    case "query_sent":
      return { ...state, queryPending: true };
    case "query_answered":
      return { ...state, queryPending: false, order: event.rows };
    case "ack":
      return applyAck(state, event.ack);
    case "groups":
      return { ...state, ...ANSWERED, groups: event.groups };
    case "timeline":
      return { ...state, ...ANSWERED, timeline: event.timeline };
    case "problem":
      return { ...state, problem: event.text };
    case "disconnected":
      if (state.connection === "disconnected" && !state.refreshing) return state;
      return { ...state, connection: "disconnected", refreshing: false };
    case "refreshing":
      return { ...state, refreshing: true };
    case "pushed":
      return state.pushed === event.pushed ? state : { ...state, pushed: event.pushed };
    case "sent": {
      const command: Command = { do: event.do, rows: event.rows, phase: "sent", updated: false };
      const stays = state.notice?.refused === true && state.notice.do !== event.do;
      return {
        ...state,
        notice: stays ? state.notice : null,
        commands: new Map(state.commands).set(event.id, command),
      };
    }
    case "timed_out": {
      const command = state.commands.get(event.id);
      if (command?.phase !== "sent") return state;
      const late: Command = { ...command, phase: "timed_out" };
      return {
        ...state,
        notice: { command: event.id, do: command.do, text: NO_ANSWER, refused: false },
        commands: new Map(state.commands).set(event.id, late),
      };
    }
    case "dismissed":
      return { ...state, notice: null, problem: null };
  }
}

/** Two views of one model receive each other's answers: append only the expected ones. */
function applyDrawings(state: State, { row, first, of, drawings, problem }: Drawings): State {
  const known = state.circuits.get(row);
  if (known === undefined || known.drawings.length !== first) return state;
  const drawn: DrawnCircuits = {
    of,
    drawings: [...known.drawings, ...drawings],
    problem,
    loading: false,
  };
  return { ...state, circuits: new Map(state.circuits).set(row, drawn) };
}

/** Whether a message was lost: row details may be outdated, so the caller has to send `hello`. */
export function hasGap(state: State, update: Update): boolean {
  if (update.full) return false;
  return state.head === null || update.seq > state.seq + 1;
}

function applyUpdate(
  state: State,
  { update, statuses, from, at }: Extract<Event, { type: "update" }>,
): State {
  const answered = from !== "saved";
  const { head } = state;
  // The same state may arrive by the trait and by a message, and either may be late. Before the kernel has read
  // `hello`, it does not count messages, and only its clock tells which trait is newer.
  const old =
    head !== null &&
    (update.seq < state.seq ||
      (from !== "message" && update.seq === state.seq && update.head.now <= head.now));
  if (old || (head === null && !update.full)) {
    const known = state.connection === "connected" && !state.refreshing;
    return answered && !known ? { ...state, ...ANSWERED } : state;
  }
  const runs = update.runs ?? state.runs;
  const moved = update.runs !== undefined && !sameRuns(update.runs, state.runs);
  // The trait's sweeps have fewer points than those of messages.
  const coarse = from === "trait" && state.pushed;
  // The trait has few row details; keep those that are known.
  const fresh = moved || (update.full && from === "message");
  return {
    ...state,
    ...(answered ? ANSWERED : {}),
    problem: null,
    seq: update.seq,
    head: update.head,
    receivedAt: at,
    runs,
    // An update without statuses: they have not changed. A page that missed an update has a gap and sends `hello`.
    statuses: statuses.length > 0 ? statuses : state.statuses,
    rows: merged(
      fresh ? null : state.rows,
      update.rows?.map((row) => ({ ...row, at: update.head.now })),
      (row) => row.i,
    ),
    details: moved ? new Map() : state.details,
    circuits: moved ? new Map() : state.circuits,
    histograms: merged(state.histograms, update.histograms, ({ choice }) => choiceKey(choice)),
    sweeps: merged(state.sweeps, update.sweeps, ({ axes }) => axesKey(axes), coarse),
    commands: shownCommands(state.commands),
  };
}

function sameRuns(a: readonly Run[], b: readonly Run[]): boolean {
  return a.length === b.length && a.every((run, i) => run.every((x, k) => x === b[i]?.[k]));
}

/** Forget recorded commands, which an update shows. Mark the others, which it may show. */
function shownCommands(commands: ReadonlyMap<string, Command>): ReadonlyMap<string, Command> {
  if (commands.size === 0) return commands;
  const left = new Map<string, Command>();
  for (const [id, command] of commands) {
    if (command.phase !== "recorded") left.set(id, { ...command, updated: true });
  }
  return left;
}

function applyAck(state: State, ack: Ack): State {
  const command = state.commands.get(ack.id);
  // The answer is to a command of another view of the same model.
  if (command === undefined) return state;
  const commands = new Map(state.commands);
  // No update shows that results were saved.
  if (ack.ok && !command.updated && command.do !== "save_results")
    commands.set(ack.id, { ...command, phase: "recorded" });
  else commands.delete(ack.id);
  const notice = state.notice?.command === ack.id ? null : state.notice;
  return {
    ...state,
    ...ANSWERED,
    commands,
    notice: ack.ok
      ? notice
      : { command: ack.id, do: command.do, text: ack.text || REFUSED, refused: true },
  };
}
