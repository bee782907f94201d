/** One job as one line. */
import type { ComponentChildren, JSX } from "preact";
import type { Actions } from "../actions";
import {
  allows,
  cancelRequested,
  currentRow,
  pendingAction,
  type Span,
  spanOf,
  statusOf,
  times,
} from "../derive";
import type { SeenRow, State } from "../state";
import { age, count, duration } from "../text";
import type { Status } from "../wire";
import { Button } from "./button";
import type { Column, ColumnName } from "./columns";
import { CopyId } from "./copy_id";
import { STATUS_WORDS, StatusIcon } from "./status";
import { ACTION_WORDS, SENT_WORDS } from "./words";

interface Props {
  state: State;
  actions: Actions;
  columns: readonly Column[];
  i: number;
  /** Where it stands among the rows that are shown. */
  place: number;
  top: number;
  open: boolean;
  drawerId: string;
  selected: boolean;
  /** The one row that Tab reaches. */
  current: boolean;
  now: number;
  onToggle: (row: number) => void;
  onFocus: (row: number) => void;
  onSelect: (row: number, range: boolean) => void;
}

export function JobRow(props: Props) {
  const { state, i, columns, open, selected } = props;
  const status = statusOf(state, i);
  const note = noteOf(state, i);
  const selects = columns.some(({ name }) => name === "select");
  return (
    <div
      class={`qjm-row${open ? " qjm-row-open" : ""}${selected ? " qjm-row-selected" : ""}`}
      role="row"
      aria-rowindex={props.place + 2}
      aria-selected={selects ? selected : undefined}
      aria-label={`Job ${i}, circuits ${spanWords(spanOf(state.runs, i))}, ${STATUS_WORDS[status]}${note === "" ? "" : `, ${note}`}`}
      data-row={i}
      tabIndex={props.current ? 0 : -1}
      style={{ transform: `translateY(${props.top}px)` }}
      onClick={(event) => {
        if (selects && (event.shiftKey || event.ctrlKey || event.metaKey)) {
          props.onSelect(i, event.shiftKey);
        } else props.onToggle(i);
      }}
      onFocus={() => props.onFocus(i)}
    >
      {columns.map(({ name }) => (
        <Cell key={name} name={name} failed={status === "error"} note={note}>
          {CONTENTS[name]({ ...props, status, note, seen: currentRow(state, i) })}
        </Cell>
      ))}
    </div>
  );
}

interface CellProps {
  name: ColumnName;
  failed: boolean;
  note: string;
  children: ComponentChildren;
}

function Cell({ name, failed, note, children }: CellProps) {
  const look = name === "note" && failed ? " qjm-cell-error" : "";
  return (
    <span
      role="gridcell"
      class={`qjm-cell qjm-cell-${name}${look}`}
      title={name === "note" && note !== "" ? note : undefined}
    >
      {children}
    </span>
  );
}

type Known = Props & { status: Status; note: string; seen: SeenRow | null };

const CONTENTS: Readonly<Record<ColumnName, (known: Known) => JSX.Element | string | number>> = {
  select: ({ i, selected, current, onSelect }) => (
    <input
      type="checkbox"
      class="qjm-check"
      aria-label={`Select job ${i}`}
      checked={selected}
      tabIndex={current ? 0 : -1}
      onClick={(event) => {
        event.stopPropagation();
        onSelect(i, event.shiftKey);
      }}
    />
  ),
  number: ({ i, open, drawerId, onToggle }) => (
    <button
      type="button"
      class="qjm-opener"
      aria-label={`Open job ${i}`}
      aria-expanded={open}
      aria-controls={open ? drawerId : undefined}
      tabIndex={-1}
      onClick={(event) => {
        event.stopPropagation();
        onToggle(i);
      }}
    >
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d="m6 4 4 4-4 4" />
      </svg>
      {i}
    </button>
  ),
  span: ({ state, i }) => spanWords(spanOf(state.runs, i)),
  status: ({ status }) => (
    <>
      <StatusIcon status={status} />
      {STATUS_WORDS[status]}
    </>
  ),
  note: ({ note }) => <bdi>{note}</bdi>,
  queue: ({ seen }) => (seen?.queue == null ? "" : count(seen.queue)),
  since: ({ state, i, now, status }) => {
    const { since } = times(state, i, now);
    if (since === null) return "";
    return isOver(status) ? age(since) : duration(since);
  },
  waited: ({ state, i, now }) => known(times(state, i, now).waited),
  ran: ({ state, i, now }) => known(times(state, i, now).ran),
  attempts: ({ seen }) => seen?.attempt ?? "",
  qpu: ({ seen }) => known(seen?.qpu ?? null),
  id: ({ seen, current }) =>
    seen?.jobId == null ? "" : <CopyId id={seen.jobId} tabIndex={current ? 0 : -1} />,
  action: rowAction,
};

function known(ms: number | null): string {
  return ms === null ? "" : duration(ms);
}

function isOver(status: Status): boolean {
  return status === "done" || status === "error" || status === "cancelled";
}

function rowAction({ state, actions, i, current, onToggle, seen }: Known): JSX.Element | string {
  const pending = pendingAction(state, i);
  if (pending !== null) return <span class="qjm-sent">{SENT_WORDS[pending]}</span>;
  const can = seen?.can ?? [];
  const held = can.includes("retry_held");
  const action = can.find((each) => each !== "retry_held");
  if (action === undefined && !held) return "";
  const word = held || action === undefined ? "Decide" : ACTION_WORDS[action];
  return (
    <Button
      small
      disabled={!held && action !== undefined && !allows(state, action)}
      tabIndex={current ? 0 : -1}
      aria-label={`${word} job ${i}`}
      onClick={(event) => {
        event.stopPropagation();
        // What to do with a held job needs its story first: that is in the drawer.
        if (held || action === undefined) onToggle(i);
        else actions.command(action, [i]);
      }}
    >
      {word}
    </Button>
  );
}

export function noteOf(state: State, i: number): string {
  const note = currentRow(state, i)?.note ?? "";
  return note === "" && cancelRequested(state, i) ? "cancellation requested" : note;
}

export function spanWords(span: Span | null): string {
  if (span === null) return "";
  const last = span.stop - 1;
  const circuits = last === span.start ? String(last) : `${span.start}–${last}`;
  return span.pieces > 1 ? `${circuits} · ${span.piece + 1}/${span.pieces}` : circuits;
}
