/**
 * Validation of messages from the kernel.
 *
 * An invalid message becomes a problem with a sentence for the reader, never an exception, and the panel keeps
 * its state. Texts are sanitized here, so that no view can forget to.
 */

import { plainBlock } from "../text";
import { groups, histogram, sweep, timeline } from "./decode_counts";
import {
  answer,
  blob,
  block,
  bytes,
  type Fields,
  flag,
  kind,
  line,
  list,
  Malformed,
  nullable,
  number,
  otherwise,
  type Read,
  record,
  shape,
  string,
  unknown,
} from "./fields";
import {
  type Ack,
  type Detail,
  type Drawings,
  type Groups,
  type Head,
  OPTIONAL_COLUMNS,
  type OptionalColumn,
  type Row,
  type RowAction,
  type Run,
  STATUSES,
  type Timeline,
  type Update,
  WIRE_VERSION,
} from "./wire";

export type Decoded =
  | { kind: "update"; update: Update; statuses: Uint8Array; orders: Order[] }
  | { kind: "detail"; detail: Detail }
  | { kind: "drawings"; drawings: Drawings }
  | { kind: "ack"; ack: Ack }
  | { kind: "groups"; groups: Groups }
  | { kind: "timeline"; timeline: Timeline }
  | { kind: "plotly"; gzip: Blob }
  | { kind: "file"; id: string; piece: Blob }
  | { kind: "problem"; text: string };

/** The answer to a view's query; `rows` is null for all rows in their default order. */
export interface Order {
  readonly view: string;
  readonly asked: number;
  readonly rows: Uint32Array | null;
}

/** Maximum length of a drawing, in characters. */
const DRAWING = 60_000;

/** Decode a custom message with its buffers. */
export function decodeMessage(content: unknown, buffers: readonly unknown[]): Decoded {
  return guarded(content, (fields) => {
    switch (fields.kind) {
      case "update":
        return {
          kind: "update",
          update: update(fields, "update"),
          statuses: bytes(buffers[0]),
          orders: orders(fields.orders, buffers),
        };
      case "detail":
        return { kind: "detail", detail: detail(fields, "detail") };
      case "drawings":
        return { kind: "drawings", drawings: drawings(fields, "drawings") };
      case "ack":
        return { kind: "ack", ack: ack(fields, "ack") };
      case "groups":
        return { kind: "groups", groups: groups(fields, "groups") };
      case "timeline":
        return { kind: "timeline", timeline: timeline(fields, "timeline") };
      case "file":
        return { kind: "file", id: string(fields.id, "file"), piece: blob(buffers[0]) };
      case "plotly":
        return { kind: "plotly", gzip: blob(buffers[0]) };
      default:
        throw new Malformed("kind");
    }
  });
}

/** Decode the trait `snapshot`; null while the kernel has not filled it. */
export function decodeSnapshot(snapshot: unknown): Decoded | null {
  if (snapshot == null) return null;
  if (typeof snapshot === "object" && Object.keys(snapshot).length === 0) return null;
  return guarded(snapshot, (fields) => ({
    kind: "update",
    update: update(fields, "snapshot"),
    statuses: bytes(fields.statuses),
    orders: [],
  }));
}

function guarded(content: unknown, read: (fields: Fields) => Decoded): Decoded {
  try {
    const fields = record(content, "message");
    if (fields.v === WIRE_VERSION) return read(fields);
    const version = typeof fields.v === "number" ? fields.v : "unknown";
    return {
      kind: "problem",
      text: `Reload the page: the kernel uses protocol version ${version}, this page version ${WIRE_VERSION}.`,
    };
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return {
      kind: "problem",
      text: `Reload the page: the kernel sent a message that this page cannot read (${error.message}).`,
    };
  }
}

const status: Read<Row["status"]> = (value, where) => {
  const known = STATUSES.find((name) => name === value);
  if (known === undefined) throw new Malformed(where);
  return known;
};

const isRowAction = (value: unknown): value is RowAction =>
  value === "cancel" || value === "retry" || value === "retry_held";

/** Skip actions of a newer kernel: this page has no button for them. */
const actions: Read<RowAction[]> = (value, where) =>
  list(unknown)(value, where).filter(isRowAction);

/** Skip columns of a newer kernel, which this page cannot show. */
const columns: Read<OptionalColumn[]> = (value, where) => {
  const named = list(unknown)(value, where);
  return OPTIONAL_COLUMNS.filter((name) => named.includes(name));
};

const run: Read<Run> = (value, where) => {
  const read = list(number)(value, where);
  const ranges = read.length === 7;
  if ((read.length !== 4 && !ranges) || !read[1] || !read[2]) throw new Malformed(where);
  if (ranges && !read[5]) throw new Malformed(where);
  return read as Run;
};

const firstView: Read<Head["first"]> = (value) =>
  value === "sweep" || value === "circuit" ? value : "sum";

const head = shape<Head>({
  id: line,
  name: line,
  backend: line,
  circuits: number,
  points: nullable(number),
  effort: line,
  lead: line,
  line: line,
  settled: flag,
  now: number,
  can: shape({
    cancel: number,
    retry: number,
    retry_held: otherwise(number, 0),
    pause: flag,
    unpause: flag,
    resume: flag,
  }),
  waiting: nullable(shape({ text: line, until: nullable(number) })),
  owner: nullable(line),
  ends: nullable(number),
  took: nullable(number),
  qpu: nullable(number),
  columns: otherwise(columns, []),
  stale: nullable(shape({ since: number, text: line, next: nullable(number) })),
  teaching: flag,
  first: otherwise(firstView, "sum"),
});

const row = shape<Row>({
  i: number,
  start: number,
  stop: number,
  piece: number,
  pieces: number,
  points: nullable(list(number)),
  status,
  cancelRequested: flag,
  attempt: number,
  jobId: nullable(line),
  queue: nullable(number),
  qpu: nullable(number),
  since: nullable(number),
  waited: nullable(number),
  ran: nullable(number),
  note: line,
  can: actions,
});

const updateShape = shape<Pick<Update, "kind" | "v" | "seq" | "full" | "head">>({
  kind: kind("update"),
  v: number,
  seq: number,
  full: flag,
  head,
});

function update(fields: Fields, where: string): Update {
  const optional = <T>(name: keyof Update, read: Read<T>) =>
    fields[name] == null ? {} : { [name]: list(read)(fields[name], `${where}.${name}`) };
  return {
    ...updateShape(fields, where),
    ...optional("runs", run),
    ...optional("rows", row),
    ...optional("histograms", histogram),
    ...optional("sweeps", sweep),
  };
}

const detail = shape<Detail>({
  kind: kind("detail"),
  v: number,
  row: number,
  title: line,
  error: nullable(block),
  history: list(line),
});

const drawings = shape<Drawings>({
  kind: kind("drawings"),
  v: number,
  row: number,
  first: number,
  of: number,
  drawings: list(
    shape({
      circuit: number,
      name: line,
      facts: line,
      text: (value, where) => plainBlock(string(value, where), DRAWING),
    }),
  ),
  problem: nullable(answer),
});

const ack = shape<Ack>({ kind: kind("ack"), v: number, id: string, ok: flag, text: answer });

const orderShape = shape<{ view: string; asked: number; chosen: boolean }>({
  view: string,
  asked: number,
  chosen: flag,
});

function orders(value: unknown, buffers: readonly unknown[]): Order[] {
  let next = 1;
  return list(orderShape)(value ?? [], "update.orders").map(({ view, asked, chosen }) => ({
    view,
    asked,
    rows: chosen ? rowNumbers(bytes(buffers[next++])) : null,
  }));
}

/** Read row numbers from a buffer. It may start at any byte, so a Uint32Array cannot view it. */
function rowNumbers(raw: Uint8Array): Uint32Array {
  if (raw.byteLength % 4 !== 0) throw new Malformed("order");
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return Uint32Array.from({ length: raw.byteLength / 4 }, (_, i) => view.getUint32(4 * i, true));
}
