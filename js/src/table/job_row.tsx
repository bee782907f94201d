/** One job as one line. */
import type { ComponentChild, JSX } from "preact";
import { useRef } from "preact/hooks";
import { ACTION_WORDS, SENT_WORDS } from "../components/action_labels";
import { Button } from "../components/button";
import { CopyId } from "../components/copy_id";
import { memo } from "../components/memo";
import { STATUS_WORDS, StatusIcon } from "../components/status";
import type { RowAction } from "../protocol/wire";
import type { Column, ColumnName } from "./columns";
import { circuitsWords, type Line } from "./row_model";

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
  const cells = useRef<Drawn>({});
  const selects = columns.some(({ name }) => name === "select");
  return (
    <div
      class={`qjm-row${open ? " qjm-row-open" : ""}${selected ? " qjm-row-selected" : ""}`}
      role="row"
      aria-rowindex={props.place + 2}
      aria-selected={selects ? selected : undefined}
      aria-label={`Job ${i}, ${circuitsWords(props.span)}, ${STATUS_WORDS[status]}${note === "" ? "" : `, ${note}`}`}
      data-row={i}
      tabIndex={props.current ? 0 : -1}
      style={{ transform: `translateY(${props.top}px)` }}
      onClick={(event) => {
        if (selects && (event.shiftKey || event.ctrlKey || event.metaKey)) {
          on.select(i, event.shiftKey);
        } else on.toggle(i);
      }}
      onFocusCapture={() => on.focus(i)}
    >
      {columns.map(({ name }) => kept(cells.current, name, props))}
    </div>
  );
}

type Drawn = Partial<Record<ColumnName, { readonly from: Props; readonly cell: JSX.Element }>>;

/** The cell as it was drawn before, where nothing has changed that it shows: most updates change one of a row. */
function kept(drawn: Drawn, name: ColumnName, props: Props): JSX.Element {
  const { reads, draw } = CELLS[name];
  const before = drawn[name];
  if (before !== undefined && reads.every((read) => before.from[read] === props[read])) {
    return before.cell;
  }
  const cell = (
    <span key={name} role="gridcell" class={`qjm-cell qjm-cell-${name}`}>
      {draw(props)}
    </span>
  );
  drawn[name] = { from: props, cell };
  return cell;
}

interface Cell {
  readonly reads: readonly (keyof Props)[];
  readonly draw: (props: Props) => ComponentChild;
}

/** A cell, and what it reads of its row: nothing else can change it. */
function cell<K extends keyof Props>(
  reads: readonly K[],
  draw: (props: Pick<Props, K>) => ComponentChild,
): Cell {
  return { reads, draw };
}

function text<K extends keyof Line>(name: K): Cell {
  return cell([name], (line) => line[name] as ComponentChild);
}

const CELLS: Readonly<Record<ColumnName, Cell>> = {
  select: cell(["i", "selected", "current", "on"], ({ i, selected, current, on }) => (
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
  )),
  number: cell(["i", "open", "drawerId", "on"], ({ i, open, drawerId, on }) => (
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
  )),
  span: text("span"),
  status: cell(["status", "flawed"], ({ status, flawed }) => (
    <>
      <StatusIcon status={flawed ? "flawed" : status} />
      {STATUS_WORDS[status]}
    </>
  )),
  note: cell(["note", "status", "flawed"], ({ note, status, flawed }) => (
    <bdi
      class={status === "error" || flawed ? "qjm-cell-error" : undefined}
      title={note || undefined}
    >
      {note}
    </bdi>
  )),
  queue: text("queue"),
  since: text("since"),
  waited: text("waited"),
  ran: text("ran"),
  attempts: text("attempts"),
  qpu: text("qpu"),
  id: cell(["jobId", "current"], ({ jobId, current }) =>
    jobId === "" ? "" : <CopyId key={jobId} id={jobId} tabIndex={current ? 0 : -1} />,
  ),
  action: cell(["i", "sent", "offer", "allowed", "current", "on"], rowAction),
};

function rowAction({
  i,
  sent,
  offer,
  allowed,
  current,
  on,
}: Pick<Props, "i" | "sent" | "offer" | "allowed" | "current" | "on">): ComponentChild {
  if (sent !== null)
    return (
      <span class="qjm-sent" title={SENT_WORDS[sent]}>
        sent…
      </span>
    );
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
