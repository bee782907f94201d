/** Validation of messages about the store. Texts are sanitized here. */

import {
  answer,
  bytes,
  flag,
  line,
  list,
  Malformed,
  nullable,
  number,
  pair,
  type Read,
  record,
  shape,
  string,
  tuple,
} from "./fields";
import {
  HISTORY_VERSION,
  type Line,
  type Listing,
  type Query,
  SET_STATES,
  type StoredGroup,
  type StoredSet,
} from "./history_wire";

export type DecodedStore =
  | { kind: "listing"; listing: Listing }
  | { kind: "trouble"; text: string }
  | { kind: "file"; id: string; name: string; data: Uint8Array }
  | { kind: "ack"; id: string; ok: boolean; text: string };

/** A time, clamped to the range of Date. */
const time: Read<number> = (value, where) => Math.min(Math.max(number(value, where), 0), 8.64e15);

const state: Read<Query["state"]> = (value) => SET_STATES.find((name) => name === value) ?? "";

/** A backend or tag, with its number of sets. The name is not sanitized, because it is sent back unchanged. Views
 * show it as one line of text. */
const choice = tuple<[string, number]>(string, number);

const query = shape<Query>({ text: string, state, backend: string, tag: string });

const storedSet = shape<StoredSet>({
  id: string,
  name: line,
  backend: line,
  circuits: number,
  shots: nullable(pair),
  precision: nullable(pair),
  tags: list(line),
  lead: line,
  line,
  jobs: list(number),
  created: time,
  open: flag,
  interrupted: flag,
  owner: nullable(line),
  inside: flag,
});

const storedGroup = shape<StoredGroup>({
  group: string,
  name: line,
  title: line,
  lead: line,
  line,
  jobs: list(number),
  created: time,
  open: flag,
  unfolded: flag,
  interrupted: number,
});

const anyLine: Read<Line> = (value, where) =>
  (typeof record(value, where).group === "string" ? storedGroup : storedSet)(value, where);

const listing = shape<Omit<Listing, "kind" | "v" | "rows"> & { rows: number | null }>({
  query,
  first: number,
  matching: number,
  rows: nullable(number),
  total: number,
  bytes: number,
  backends: list(choice),
  tags: list(choice),
  sets: list(anyLine),
});

const file = shape<{ id: string; name: string }>({ id: string, name: line });
const ack = shape<{ id: string; ok: boolean; text: string }>({
  id: string,
  ok: flag,
  text: answer,
});

/** A saved listing from before groups were lines has no number of lines. */
function completed(read: Omit<Listing, "rows"> & { rows: number | null }): Listing {
  return { ...read, rows: read.rows ?? read.matching };
}

/** Decode a custom message with its buffers; an invalid one becomes trouble with a sentence for the reader. */
export function decodeStore(content: unknown, buffers: readonly unknown[]): DecodedStore {
  try {
    const { kind, v } = (content ?? {}) as { kind?: unknown; v?: unknown };
    if (v !== HISTORY_VERSION) throw new Malformed(`version ${typeof v === "number" ? v : "?"}`);
    switch (kind) {
      case "listing":
        return { kind, listing: completed({ kind, v, ...listing(content, kind) }) };
      case "trouble":
        return { kind, text: shape({ text: answer })(content, kind).text };
      case "file":
        return { kind, ...file(content, kind), data: bytes(buffers[0]) };
      case "ack":
        return { kind, ...ack(content, kind) };
      default:
        throw new Malformed("kind");
    }
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return {
      kind: "trouble",
      text: `Reload the page: the kernel sent a message that this page cannot read (${error.message}).`,
    };
  }
}

/** Decode the trait `listing`; null while it is empty. */
export function decodeListing(value: unknown): DecodedStore | null {
  if (typeof value !== "object" || value === null || Object.keys(value).length === 0) return null;
  return decodeStore(value, []);
}
