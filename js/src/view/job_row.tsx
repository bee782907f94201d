/** One job as one line. */
import type { ComponentChildren } from "preact";
import type { Actions } from "../actions";
import {
  allows,
  anyRowActs,
  cancelRequested,
  currentRow,
  pendingAction,
  type Span,
  spanOf,
  statusOf,
  times,
} from "../derive";
import type { State } from "../state";
import { duration } from "../text";
import { Button } from "./button";
import { STATUS_WORDS, StatusIcon } from "./status";
import { ACTION_WORDS, SENT_WORDS } from "./words";

interface Props {
  state: State;
  actions: Actions;
  i: number;
  top: number;
  open: boolean;
  drawerId: string;
  /** The one row that Tab reaches. */
  current: boolean;
  now: number;
  onToggle: (row: number) => void;
  onFocus: (row: number) => void;
}

export function JobRow(props: Props) {
  const { state, actions, i, top, open, current, now, onToggle } = props;
  const status = statusOf(state, i);
  const span = spanOf(state.runs, i);
  const { waited, ran } = times(state, i, now);
  const note = noteOf(state, i);
  return (
    <div
      class={`qjm-row${open ? " qjm-row-open" : ""}`}
      role="row"
      aria-rowindex={i + 2}
      aria-expanded={open}
      aria-controls={open ? props.drawerId : undefined}
      aria-label={`Job ${i}, circuits ${spanWords(span)}, ${STATUS_WORDS[status]}${note === "" ? "" : `, ${note}`}`}
      data-row={i}
      tabIndex={current ? 0 : -1}
      style={{ transform: `translateY(${top}px)` }}
      onClick={() => onToggle(i)}
      onFocus={() => props.onFocus(i)}
    >
      <Cell name="number">{i}</Cell>
      <Cell name="span">{spanWords(span)}</Cell>
      <Cell name="status">
        <StatusIcon status={status} />
        {STATUS_WORDS[status]}
      </Cell>
      <Cell name={status === "error" ? "note qjm-cell-error" : "note"} title={note}>
        <bdi>{note}</bdi>
      </Cell>
      <Cell name="time qjm-cell-waited">{waited === null ? "" : duration(waited)}</Cell>
      <Cell name="time qjm-cell-ran">{ran === null ? "" : duration(ran)}</Cell>
      <Cell name="action">
        <RowAction state={state} actions={actions} i={i} current={current} onToggle={onToggle} />
      </Cell>
    </div>
  );
}

interface CellProps {
  name: string;
  title?: string;
  children: ComponentChildren;
}

function Cell({ name, ...rest }: CellProps) {
  return <span role="gridcell" class={`qjm-cell qjm-cell-${name}`} {...rest} />;
}

type ActionProps = Pick<Props, "state" | "actions" | "i" | "current" | "onToggle">;

function RowAction({ state, actions, i, current, onToggle }: ActionProps) {
  if (!anyRowActs(state)) return null;
  const pending = pendingAction(state, i);
  if (pending !== null) return <span class="qjm-sent">{SENT_WORDS[pending]}</span>;
  const can = currentRow(state, i)?.can ?? [];
  const held = can.includes("retry_held");
  const action = can.find((each) => each !== "retry_held");
  if (action === undefined && !held) return null;
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
