/**
 * A model and a kernel in one, for the demo and the tests of the list of sets: answers as
 * `qjm_widgets/widgets/history.py` does. Uses only `history_wire`.
 */
import {
  HISTORY_VERSION,
  type Line,
  type Listing,
  type StoredGroup,
  type StoredSet,
  type ToStore,
} from "../src/protocol/history_wire";

type Handler = (...args: never[]) => void;

const DAY = 86_400_000;

export class FakeStore {
  readonly sent: ToStore[] = [];
  /** A group, listed first, and its sets. */
  group: StoredGroup | null = null;
  members: StoredSet[] = [];
  /** Whether it answers messages. */
  answering = true;
  /** The text with which resuming is refused. */
  refusal: string | null =
    "No backend named ibm_fez is known here. Make one, then run this in a cell:\n`manager.retrieve_job_set('d4').resume(backend)`";
  private readonly handlers = new Map<string, Set<Handler>>();
  private viewport: Extract<ToStore, { kind: "list" }> | null = null;

  constructor(public sets: StoredSet[]) {}

  get(): never {
    return undefined as never;
  }
  on(name: string, handler: Handler): void {
    const known = this.handlers.get(name) ?? new Set();
    this.handlers.set(name, known.add(handler));
  }
  off(name?: string | null, handler?: Handler | null): void {
    if (name && handler) this.handlers.get(name)?.delete(handler);
  }
  send(message: ToStore): void {
    this.sent.push(message);
    if (this.answering) this.answer(message);
  }

  message(content: object, buffers: DataView[] = []): void {
    for (const handler of this.handlers.get("msg:custom") ?? []) {
      (handler as (...args: unknown[]) => void)(content, buffers);
    }
  }

  acknowledge(id: string, ok: boolean, text: string): void {
    this.message({ kind: "ack", v: HISTORY_VERSION, id, ok, text });
  }

  /** Send the current listing. */
  list(): void {
    if (this.viewport !== null) this.message(this.listing(this.viewport));
  }

  private listing({ first, last, query, groups }: Extract<ToStore, { kind: "list" }>): Listing {
    const words = query.text.toLowerCase();
    const found = this.sets.filter(
      (set) =>
        [set.name, set.backend, set.id, ...set.tags].join(" ").toLowerCase().includes(words) &&
        (query.backend === "" || set.backend === query.backend) &&
        (query.tag === "" || set.tags.includes(query.tag)) &&
        (query.state === "" || (query.state === "interrupted" && set.interrupted)),
    );
    const lines: Line[] = [...found];
    if (this.group !== null) {
      const unfolded = groups.includes(this.group.group);
      if (unfolded) lines.unshift(...this.members.map((set) => ({ ...set, inside: true })));
      lines.unshift({ ...this.group, unfolded });
    }
    return {
      kind: "listing",
      v: HISTORY_VERSION,
      query,
      first,
      matching: found.length,
      rows: lines.length,
      total: this.sets.length,
      bytes: 312_400_000,
      backends: choices(this.sets.map((set) => set.backend)),
      tags: choices(this.sets.flatMap((set) => set.tags)),
      sets: lines.slice(first, last),
    };
  }

  private answer(message: ToStore): void {
    if (message.kind === "list") {
      this.viewport = message;
      this.list();
    } else if (message.kind === "do") {
      const { id } = message;
      if (message.do === "count_older") {
        const before = Date.now() - message.days * DAY;
        const old = this.sets.filter((set) => set.created < before);
        this.acknowledge(id, true, String(old.length));
      } else if (message.do === "resume" && this.refusal !== null) {
        this.acknowledge(id, false, this.refusal);
      } else if ("group" in message) {
        if (this.group !== null) this.group = { ...this.group, open: message.do === "open" };
        this.acknowledge(id, true, "done");
      } else {
        this.change(message.set, message.do);
        this.acknowledge(id, true, "done");
      }
      this.list();
    }
  }

  private change(id: string | null, deed: string): void {
    if (deed === "delete") this.sets = this.sets.filter((set) => set.id !== id);
    const open = deed === "open" ? true : deed === "close" ? false : null;
    if (open === null) return;
    this.sets = this.sets.map((set) => (set.id === id ? { ...set, open } : set));
  }
}

function choices(values: readonly string[]): [string, number][] {
  const found = new Map<string, number>();
  for (const value of values) found.set(value, (found.get(value) ?? 0) + 1);
  return [...found];
}

/** Jobs by status, in the order of the wire. */
function jobs(
  status: Partial<Record<"notSent" | "running" | "done" | "failed", number>>,
): number[] {
  return [
    status.notSent ?? 0,
    0,
    0,
    0,
    status.running ?? 0,
    status.done ?? 0,
    status.failed ?? 0,
    0,
  ];
}

const BASE: StoredSet = {
  id: "a1".repeat(16),
  name: "bell sweep",
  backend: "ibm_fez",
  circuits: 1000,
  shots: [1024, 1024],
  tags: [],
  lead: "10 of 10 done",
  line: "",
  jobs: jobs({ done: 10 }),
  created: 0,
  open: false,
  interrupted: false,
  owner: null,
};

/** Sets as a store has them after some months. */
export function storedSets(number: number, now = Date.now()): StoredSet[] {
  const first: StoredSet[] = [
    {
      ...BASE,
      tags: ["thesis", "week 12"],
      created: now - 7_200_000,
      open: true,
    },
    {
      ...BASE,
      id: "d4".repeat(16),
      name: "qaoa on a ring, depth 8",
      circuits: 600,
      lead: "4 of 6 done",
      line: "1 running, 1 not sent when its kernel ended",
      jobs: jobs({ done: 4, running: 1, notSent: 1 }),
      created: now - 5 * 3_600_000,
      interrupted: true,
    },
    {
      ...BASE,
      id: "e5".repeat(16),
      name: "readout calibration",
      backend: "ibm_torino",
      circuits: 128,
      lead: "1 of 2 done",
      line: "1 running",
      jobs: jobs({ done: 1, running: 1 }),
      tags: ["calibration"],
      created: now - 6 * 3_600_000,
      owner: "another kernel (process 4711 on lab-3)",
    },
    {
      ...BASE,
      id: "c3".repeat(16),
      name: "randomised benchmarking of two neighbouring qubits, all pairs of the device",
      backend: "aer_simulator_density_matrix",
      circuits: 100_000,
      lead: "986 of 1,000 done",
      line: "14 errors",
      jobs: jobs({ done: 986, failed: 14 }),
      tags: ["rb", "thesis", "long run", "night", "again"],
      created: now - 9 * DAY,
    },
  ];
  const rest = Array.from({ length: Math.max(0, number - first.length) }, (_, i) => ({
    ...BASE,
    id: String(i).padStart(32, "0"),
    name: `sweep ${i}`,
    created: now - (10 + i / 4) * DAY,
  }));
  return [...first, ...rest].slice(0, number);
}
