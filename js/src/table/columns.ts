/** The columns of the table, and which of them fit a width. Pure. */
import type { OptionalColumn, SortKey } from "../protocol/wire";

export type ColumnName =
  | "select"
  | "number"
  | "span"
  | "status"
  | "note"
  | "queue"
  | "since"
  | "waited"
  | "ran"
  | "attempts"
  | "qpu"
  | "id"
  | "action";

export interface Column {
  readonly name: ColumnName;
  readonly heading: string;
  /** The sort key; null for columns that do not sort. */
  readonly sort: SortKey | null;
  /** Width in pixels; minimum width for the note. */
  readonly width: number;
  /** Tooltip of a short heading. */
  readonly title?: string;
}

const NOTE_WIDTH = 100;

const COLUMNS: readonly Column[] = [
  { name: "select", heading: "Select", sort: null, width: 26 },
  { name: "number", heading: "Job", sort: "job", width: 44 },
  { name: "span", heading: "Circuits", sort: null, width: 78 },
  { name: "status", heading: "Status", sort: "status", width: 92 },
  { name: "note", heading: "Note", sort: "note", width: NOTE_WIDTH },
  { name: "queue", heading: "Queue", sort: "queue", width: 54, title: "Position in the queue" },
  { name: "since", heading: "In status", sort: "since", width: 78, title: "Time in this status" },
  { name: "waited", heading: "Waited", sort: "waited", width: 66 },
  { name: "ran", heading: "Ran", sort: "ran", width: 58 },
  { name: "attempts", heading: "Tries", sort: "attempt", width: 48, title: "Attempts" },
  { name: "qpu", heading: "QPU", sort: "qpu", width: 58, title: "Quantum processor time" },
  { name: "id", heading: "Job id", sort: "id", width: 116 },
  { name: "action", heading: "Action", sort: null, width: 66 },
];

/** Width in pixels of a readable note. Most optional columns are shown only if the note keeps this width. */
const READABLE_NOTE = 150;

/**
 * These columns are shown at any width; those of OPTIONAL follow in their order as far as there is room. The
 * drawer shows the content of all columns.
 */
const ALWAYS: readonly ColumnName[] = ["number", "span", "status"];
const WITH_ACTIONS: readonly ColumnName[] = ["select", "action"];
const OPTIONAL: readonly ColumnName[] = [
  // The queue position is the most useful column while jobs wait, and has no values otherwise.
  "queue",
  "ran",
  "since",
  "attempts",
  "qpu",
  "id",
  "waited",
];

export interface TableShape {
  /** Inner width in pixels; 0 where unknown, which shows all columns. */
  readonly width: number;
  /** Optional columns that have values. */
  readonly filled: readonly OptionalColumn[];
  /** Whether any row has an action. */
  readonly hasActions: boolean;
  /** Whether a note may contain an error. Then the note has precedence over the durations. */
  readonly hasErrors: boolean;
  /** Widths of the longest texts of these two columns, in pixels. */
  readonly number: number;
  readonly span: number;
  /** Whether the rows are points of one circuit. */
  readonly points: boolean;
}

export function columnsFor({
  width,
  filled,
  hasActions,
  hasErrors,
  number,
  span,
  points,
}: TableShape): Column[] {
  const measured = COLUMNS.map((column) => ({
    ...column,
    heading: points && column.name === "span" ? "Points" : column.heading,
    width: Math.max(
      column.width,
      column.name === "number" ? number : column.name === "span" ? span : 0,
    ),
  }));
  const shown = new Set<ColumnName>([...ALWAYS, ...(hasActions ? WITH_ACTIONS : [])]);
  const remaining = () =>
    width - measured.reduce((sum, column) => sum + (shown.has(column.name) ? column.width : 0), 0);
  for (const name of withNote(
    OPTIONAL,
    hasActions || hasErrors ? 0 : OPTIONAL.indexOf("attempts"),
  )) {
    const column = measured.find((candidate) => candidate.name === name);
    if (column === undefined || !isFilled(name, filled)) continue;
    const first = name === "queue" || name === "ran";
    const spare = name === "note" || (first && !hasErrors) ? 0 : READABLE_NOTE - NOTE_WIDTH;
    if (width > 0 && remaining() < column.width + spare) break;
    shown.add(name);
  }
  return measured.filter(({ name }) => shown.has(name));
}

/** Insert the note. After a run without errors there are few notes, so the durations have precedence. */
function withNote(names: readonly ColumnName[], at: number): ColumnName[] {
  return [...names.slice(0, at), "note", ...names.slice(at)];
}

/** The CSS grid. The note takes the remaining width, or the circuits if there is no note. */
export function gridColumns(columns: readonly Column[]): string {
  const rest = columns.some(({ name }) => name === "note") ? "note" : "span";
  return columns
    .map(({ name, width }) => (name === rest ? `minmax(${width}px, 1fr)` : `${width}px`))
    .join(" ");
}

function isFilled(name: ColumnName, filled: readonly string[]): boolean {
  const optional = ["queue", "attempts", "qpu", "id"].includes(name);
  return !optional || filled.includes(name);
}
