/** One job as one line. */
import type { ComponentChildren, JSX } from "preact";
import type { RowAction } from "../wire";
import { Button } from "./button";
import type { Column, ColumnName } from "./columns";
import { CopyId } from "./copy_id";
import type { Line } from "./line";
import { memo } from "./memo";
import { STATUS_WORDS, StatusIcon } from "./status";
import { ACTION_WORDS, SENT_WORDS } from "./words";

/** What can be done with rows; the same object for good, or each row would be drawn at each update. */
export interface RowHandlers {
  readonly toggle: (row: number) => void;
  readonly focus: (row: number) => void;
  readonly select: (row: number, range: boolean) => void;
  readonly act: (action: RowAction, row: number) => void;
}

interface Props extends Line {
  readonly on: RowHandlers;
  readonly columns: readonly Column[];
  readonly i: number;
  /** Where it stands among the rows that are shown. */
  readonly place: number;
  readonly top: number;
  readonly open: boolean;
  readonly drawerId: string;
  readonly selected: boolean;
  /** The one row that Tab reaches. */
  readonly current: boolean;
}

export const JobRow = memo(Row);

function Row(props: Props) {
  const { i, on, columns, open, selected, status, note } = props;
  const selects = columns.some(({ name }) => name === "select");
  return (
    <div
      class={`qjm-row${open ? " qjm-row-open" : ""}${selected ? " qjm-row-selected" : ""}`}
      role="row"
      aria-rowindex={props.place + 2}
      aria-selected={selects ? selected : undefined}
      aria-label={`Job ${i}, circuits ${props.span}, ${STATUS_WORDS[status]}${note === "" ? "" : `, ${note}`}`}
      data-row={i}
      tabIndex={props.current ? 0 : -1}
      style={{ transform: `translateY(${props.top}px)` }}
      onClick={(event) => {
        if (selects && (event.shiftKey || event.ctrlKey || event.metaKey)) {
          on.select(i, event.shiftKey);
        } else on.toggle(i);
      }}
      onFocus={() => on.focus(i)}
    >
      {columns.map(({ name }) => (
        <Cell key={name} name={name} failed={status === "error"} note={note}>
          {CONTENTS[name](props)}
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

const CONTENTS: Readonly<Record<ColumnName, (props: Props) => JSX.Element | string>> = {
  select: ({ i, selected, current, on }) => (
    <input
      type="checkbox"
      class="qjm-check"
      aria-label={`Select job ${i}`}
      checked={selected}
      tabIndex={current ? 0 : -1}
      onClick={(event) => {
        event.stopPropagation();
        on.select(i, event.shiftKey);
      }}
    />
  ),
  number: ({ i, open, drawerId, on }) => (
    <button
      type="button"
      class="qjm-opener"
      aria-label={`Open job ${i}`}
      aria-expanded={open}
      aria-controls={open ? drawerId : undefined}
      tabIndex={-1}
      onClick={(event) => {
        event.stopPropagation();
        on.toggle(i);
      }}
    >
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d="m6 4 4 4-4 4" />
      </svg>
      {i}
    </button>
  ),
  span: ({ span }) => span,
  status: ({ status }) => (
    <>
      <StatusIcon status={status} />
      {STATUS_WORDS[status]}
    </>
  ),
  note: ({ note }) => <bdi>{note}</bdi>,
  queue: ({ queue }) => queue,
  since: ({ since }) => since,
  waited: ({ waited }) => waited,
  ran: ({ ran }) => ran,
  attempts: ({ attempts }) => attempts,
  qpu: ({ qpu }) => qpu,
  id: ({ jobId, current }) =>
    jobId === "" ? "" : <CopyId id={jobId} tabIndex={current ? 0 : -1} />,
  action: rowAction,
};

function rowAction({ i, sent, offer, allowed, current, on }: Props): JSX.Element | string {
  if (sent !== null) return <span class="qjm-sent">{SENT_WORDS[sent]}</span>;
  if (offer === null) return "";
  const word = offer === "decide" ? "Decide" : ACTION_WORDS[offer];
  return (
    <Button
      small
      disabled={!allowed}
      tabIndex={current ? 0 : -1}
      aria-label={`${word} job ${i}`}
      onClick={(event) => {
        event.stopPropagation();
        if (offer === "decide") on.toggle(i);
        else on.act(offer, i);
      }}
    >
      {word}
    </Button>
  );
}
