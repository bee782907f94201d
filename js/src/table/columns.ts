/** The columns of the table, and which of them a table of some width shows. Pure. */
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
  /** By what it sorts; null where that makes no sense. */
  readonly sort: SortKey | null;
  /** Pixels; of the note, at least so many. */
  readonly width: number;
  /** What a heading as short as its column means. */
  readonly title?: string;
}

const NOTE_WIDTH = 100;

const COLUMNS: readonly Column[] = [
  { name: "select", heading: "Select", sort: null, width: 26 },
  { name: "number", heading: "Job", sort: "job", width: 44 },
  { name: "span", heading: "Circuits", sort: null, width: 78 },
  { name: "status", heading: "Status", sort: "status", width: 92 },
  { name: "note", heading: "Note", sort: "note", width: NOTE_WIDTH },
  { name: "queue", heading: "Queue", sort: "queue", width: 54, title: "Place in the queue" },
  { name: "since", heading: "In state", sort: "since", width: 78, title: "Time in the state" },
  { name: "waited", heading: "Waited", sort: "waited", width: 66 },
  { name: "ran", heading: "Ran", sort: "ran", width: 58 },
  { name: "attempts", heading: "Tries", sort: "attempt", width: 48, title: "Attempts" },
  { name: "qpu", heading: "QPU", sort: "qpu", width: 58, title: "Quantum processor time" },
  { name: "id", heading: "Job id", sort: "id", width: 116 },
  { name: "action", heading: "Action", sort: null, width: 66 },
];

/** Pixels in which a note says something: what is wished for after it waits until it has them. */
const NOTE_ROOM = 150;

/** Shown at any width, and then as long as there is room, in this order. The drawer tells them all. */
const ALWAYS: readonly ColumnName[] = ["number", "span", "status"];
const ACTING: readonly ColumnName[] = ["select", "action"];
const WISHED: readonly ColumnName[] = [
  // Who waits asks for the place first; where nobody waits, it is not filled.
  "queue",
  "ran",
  "since",
  "attempts",
  "qpu",
  "id",
  "waited",
];

export interface Shown {
  /** Pixels inside the padding; 0 where it is not known, which shows all. */
  readonly width: number;
  /** Which of those that not every backend fills are filled. */
  readonly filled: readonly OptionalColumn[];
  /** Whether anything can be done with any row. */
  readonly acts: boolean;
  /** Whether some job's note says what went wrong: it then comes before how long that took. */
  readonly noted: boolean;
  /** Pixels that the widest texts of these two take. */
  readonly number: number;
  readonly span: number;
}

export function columnsFor({ width, filled, acts, noted, number, span }: Shown): Column[] {
  const measured = COLUMNS.map((column) => ({
    ...column,
    width: Math.max(
      column.width,
      column.name === "number" ? number : column.name === "span" ? span : 0,
    ),
  }));
  const shown = new Set<ColumnName>([...ALWAYS, ...(acts ? ACTING : [])]);
  const room = () =>
    width - measured.reduce((sum, each) => sum + (shown.has(each.name) ? each.width : 0), 0);
  for (const name of noteAmong(WISHED, acts || noted ? 0 : WISHED.indexOf("attempts"))) {
    const column = measured.find((each) => each.name === name);
    if (column === undefined || !isFilled(name, filled)) continue;
    const first = name === "queue" || name === "ran";
    const spare = name === "note" || (first && !noted) ? 0 : NOTE_ROOM - NOTE_WIDTH;
    if (width > 0 && room() < column.width + spare) break;
    shown.add(name);
  }
  return measured.filter(({ name }) => shown.has(name));
}

/** Where all is over and nothing went wrong, few notes are left: the times come before them. */
function noteAmong(names: readonly ColumnName[], at: number): ColumnName[] {
  return [...names.slice(0, at), "note", ...names.slice(at)];
}

/** For CSS. The note takes what is left; without a note the circuits do. */
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
