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
  shape,
  string,
  tuple,
} from "./fields";
import {
  HISTORY_VERSION,
  type Listing,
  type Query,
  SET_STATES,
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
});

const listing = shape<Omit<Listing, "kind" | "v">>({
  query,
  first: number,
  matching: number,
  total: number,
  bytes: number,
  backends: list(choice),
  tags: list(choice),
  sets: list(storedSet),
});

const file = shape<{ id: string; name: string }>({ id: string, name: line });
const ack = shape<{ id: string; ok: boolean; text: string }>({
  id: string,
  ok: flag,
  text: answer,
});

/** Decode a custom message with its buffers; an invalid one becomes trouble with a sentence for the reader. */
export function decodeStore(content: unknown, buffers: readonly unknown[]): DecodedStore {
  try {
    const { kind, v } = (content ?? {}) as { kind?: unknown; v?: unknown };
    if (v !== HISTORY_VERSION) throw new Malformed(`version ${typeof v === "number" ? v : "?"}`);
    switch (kind) {
      case "listing":
        return { kind, listing: { kind, v, ...listing(content, kind) } };
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
