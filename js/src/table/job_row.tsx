/** One row of the table. */
import type { ComponentChild, JSX } from "preact";
import { useRef } from "preact/hooks";
import { ACTION_LABELS, PENDING_LABELS } from "../components/action_labels";
import { Button } from "../components/button";
import { CopyId } from "../components/copy_id";
import { memo } from "../components/memo";
import { STATUS_LABELS, StatusIcon } from "../components/status";
import type { RowAction } from "../protocol/wire";
import type { Column, ColumnName } from "./columns";
import { cellText, circuitsText, type RowModel } from "./row_model";

/** Event handlers of all rows. The object must stay the same, or every row would render at each update. */
export interface RowHandlers {
  readonly toggle: (row: number) => void;
  readonly focus: (row: number) => void;
  readonly select: (row: number, range: boolean) => void;
  readonly act: (action: RowAction, row: number) => void;
}

interface Props extends RowModel {
  readonly on: RowHandlers;
  readonly columns: readonly Column[];
  readonly i: number;
  /** Its position among the shown rows. */
  readonly position: number;
  readonly top: number;
  readonly open: boolean;
  readonly drawerId: string;
  readonly selected: boolean;
  /** The one row in the Tab order. */
  readonly current: boolean;
}

export const JobRow = memo(Row);

function Row(props: Props) {
  const { i, on, columns, open, selected, status, note } = props;
  const cells = useRef<CellCache>({});
  const selects = columns.some(({ name }) => name === "select");
  return (
    <div
      class={`qjm-row${open ? " qjm-row-open" : ""}${selected ? " qjm-row-selected" : ""}`}
      role="row"
      aria-rowindex={props.position + 2}
      aria-selected={selects ? selected : undefined}
      aria-label={`Job ${i}, ${circuitsText(props.span)}, ${STATUS_LABELS[status]}${note === "" ? "" : `, ${note}`}`}
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
      {columns.map(({ name }) => cachedCell(cells.current, name, props))}
    </div>
  );
}

type CellCache = Partial<Record<ColumnName, { readonly from: Props; readonly cell: JSX.Element }>>;

/** Reuse the previous cell if none of its inputs has changed: most updates change one cell of a row. */
function cachedCell(cache: CellCache, name: ColumnName, props: Props): JSX.Element {
  const { inputs, render } = CELLS[name];
  const before = cache[name];
  if (before !== undefined && inputs.every((read) => before.from[read] === props[read])) {
    return before.cell;
  }
  const cell = (
    <span key={name} role="gridcell" class={`qjm-cell qjm-cell-${name}`}>
      {render(props)}
    </span>
  );
  cache[name] = { from: props, cell };
  return cell;
}

interface Cell {
  readonly inputs: readonly (keyof Props)[];
  readonly render: (props: Props) => ComponentChild;
}

/** A cell renderer, and the row properties that it reads. */
function cell<K extends keyof Props>(
  inputs: readonly K[],
  render: (props: Pick<Props, K>) => ComponentChild,
): Cell {
  return { inputs, render };
}

function text<K extends keyof RowModel>(name: K): Cell {
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
  span: cell(["span"], ({ span }) => cellText(span)),
  status: cell(["status", "someFailed"], ({ status, someFailed }) => (
    <>
      <StatusIcon status={someFailed ? "some_failed" : status} />
      {STATUS_LABELS[status]}
    </>
  )),
  note: cell(["note", "status", "someFailed"], ({ note, status, someFailed }) => (
    <bdi
      class={status === "error" || someFailed ? "qjm-cell-error" : undefined}
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
  action: cell(["i", "pending", "action", "allowed", "current", "on"], rowAction),
};

function rowAction({
  i,
  pending,
  action,
  allowed,
  current,
  on,
}: Pick<Props, "i" | "pending" | "action" | "allowed" | "current" | "on">): ComponentChild {
  if (pending !== null)
    return (
      <span class="qjm-sent" title={PENDING_LABELS[pending]}>
        sent…
      </span>
    );
  if (action === null) return "";
  const label = action === "review" ? "Review" : ACTION_LABELS[action];
  return (
    <Button
      small
      disabled={!allowed}
      tabIndex={current ? 0 : -1}
      aria-label={`${label} job ${i}`}
      onClick={(event) => {
        event.stopPropagation();
        if (action === "review") on.toggle(i);
        else on.act(action, i);
      }}
    >
      {label}
    </Button>
  );
}
