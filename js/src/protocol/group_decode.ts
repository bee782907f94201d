/** Validation of messages about a group. Texts are sanitized here. */
import {
  answer,
  flag,
  line,
  list,
  Malformed,
  nullable,
  number,
  type Read,
  shape,
  string,
  tuple,
} from "./fields";
import {
  type Failure,
  GROUP_VERSION,
  type Group,
  type SetFacts,
  type Trend,
  type Valued,
} from "./group_wire";
import { STATUSES, type Status } from "./wire";

export type DecodedGroup =
  | { kind: "group"; group: Group }
  | { kind: "set"; facts: Omit<SetFacts, "kind" | "v"> }
  | { kind: "welcome" }
  | { kind: "ack"; id: string; ok: boolean; text: string }
  | { kind: "malformed"; text: string };

const valued = nullable(tuple<Valued>(number, number));
const numbers = list(number);
const gapped = list(nullable(number));

const status: Read<Status> = (value, where) => {
  const found = STATUSES.find((name) => name === value);
  if (found === undefined) throw new Malformed(where);
  return found;
};

const group = shape<Omit<Group, "v">>({
  name: line,
  title: line,
  sets: number,
  lead: line,
  line,
  numbers,
  going: flag,
  elapsed: number,
  label: line,
  newest: valued,
  lowest: valued,
  highest: valued,
  trend: shape<Trend>({ x: numbers, y: gapped, low: gapped, high: gapped, size: number }),
  unread: number,
  problem: nullable(line),
  failed: number,
  failures: list(tuple<Failure>(number, string, line, line)),
  opened: nullable(string),
  elsewhere: nullable(line),
  trouble: nullable(answer),
});

const facts = shape<Omit<SetFacts, "kind" | "v">>({
  number,
  id: string,
  name: line,
  status,
  text: line,
  value: nullable(number),
  error: line,
  created: number,
});

const ack = shape<{ id: string; ok: boolean; text: string }>({
  id: string,
  ok: flag,
  text: answer,
});

/** Decode a custom message. */
export function decodeGroupMessage(content: unknown): DecodedGroup {
  return decode(content, (kind) => {
    switch (kind) {
      case "set":
        return { kind, facts: facts(content, kind) };
      case "welcome":
        return { kind };
      case "ack":
        return { kind, ...ack(content, kind) };
      default:
        throw new Malformed("kind");
    }
  });
}

/** Decode the trait `group`; null while it is empty. */
export function decodeGroup(value: unknown): DecodedGroup | null {
  if (typeof value !== "object" || value === null || Object.keys(value).length === 0) return null;
  return decode(value, () => ({
    kind: "group",
    group: { v: GROUP_VERSION, ...group(value, "group") },
  }));
}

function decode(content: unknown, read: (kind: unknown) => DecodedGroup): DecodedGroup {
  try {
    const { kind, v } = (content ?? {}) as { kind?: unknown; v?: unknown };
    if (v !== GROUP_VERSION) throw new Malformed(`version ${typeof v === "number" ? v : "?"}`);
    return read(kind);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return {
      kind: "malformed",
      text: `Reload the page: the kernel sent a message that this page cannot read (${error.message}).`,
    };
  }
}
