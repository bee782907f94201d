/**
 * A model and a kernel in one, for the demo and the tests: answers as the Python side does, from a list
 * of jobs that the caller makes and may change. Uses only `wire`, nothing of the page.
 */
import {
  type Action,
  CANCEL_REQUESTED,
  DEFAULT_CHOICE,
  type Head,
  OPTIONAL_COLUMNS,
  type Row,
  type RowAction,
  SOME_FAILED,
  STATUSES,
  type ToKernel,
  type Update,
  WIRE_VERSION,
} from "../src/protocol/wire";
import { histogram, timeline } from "./fake_charts";
import type { FakeJob, FakeSet } from "./fake_set";

const DRAWING = `        ┌───┐      ░ ┌─┐
   q_0: ┤ H ├──■───░─┤M├───
        └───┘┌─┴─┐ ░ └╥┘┌─┐
   q_1: ─────┤ X ├─░──╫─┤M├
             └───┘ ░  ║ └╥┘
meas: 2/══════════════╩══╩═
                      0  1 `;

type Look = Omit<Extract<ToKernel, { kind: "look" }>, "kind" | "v">;
const NO_GROUPS = { names: { groups: [], of: 0 }, metadata: [], registers: [] };

type Handler = (...args: never[]) => void;

export class FakeKernel {
  readonly sent: ToKernel[] = [];
  /** The file of all results; null if there are none yet. */
  results: Uint8Array | null = null;
  /** Whether it answers messages. */
  answering = true;
  plotly: () => Promise<ArrayBuffer> = () => Promise.reject(new Error("no Plotly here"));
  private seq = 0;
  private readonly handlers = new Map<string, Set<Handler>>();
  private readonly traits = new Map<string, unknown>();
  private viewport: Look = {
    first: 0,
    last: 0,
    choice: DEFAULT_CHOICE,
    query: null,
    asked: 0,
    view: "",
  };

  constructor(readonly set: FakeSet) {}

  // The model, as anywidget gives it to `render`.
  get(name: string): never {
    return this.traits.get(name) as never;
  }
  on(name: string, handler: Handler): void {
    const known = this.handlers.get(name) ?? new Set();
    this.handlers.set(name, known.add(handler));
  }
  off(name?: string | null, handler?: Handler | null): void {
    if (name && handler) this.handlers.get(name)?.delete(handler);
  }
  send(message: ToKernel): void {
    this.sent.push(message);
    if (this.answering) this.answer(message);
  }

  /** A trait of the model, as a reload or a saved notebook has it. */
  setTrait(name: string, value: unknown): void {
    this.traits.set(name, value);
    this.emit(`change:${name}`);
  }

  emit(name: string, ...args: unknown[]): void {
    for (const handler of this.handlers.get(name) ?? []) {
      (handler as (...args: unknown[]) => void)(...args);
    }
  }

  /** The set has changed: send an update. */
  publish(extra: Partial<Update> = {}): void {
    this.seq += 1;
    this.message({ ...this.update(false), ...extra });
  }

  message(content: object, buffers: DataView[] = [this.statuses(), ...this.order()]): void {
    this.emit("msg:custom", content, buffers);
  }

  snapshot(): Update {
    return { ...this.update(true), statuses: this.statuses() };
  }

  update(full: boolean): Update {
    const { circuits, perJob, pieces } = this.set;
    const whole = Math.floor(circuits / perJob);
    const left = circuits % perJob;
    return {
      kind: "update",
      v: WIRE_VERSION,
      seq: this.seq,
      full,
      head: this.head(),
      ...(full && {
        runs: [
          [0, perJob, pieces, whole],
          ...(left > 0
            ? [[whole * perJob, left, pieces, 1] as [number, number, number, number]]
            : []),
        ],
      }),
      rows: this.rows(this.viewport.first, this.viewport.last),
      orders: [
        {
          view: this.viewport.view,
          asked: this.viewport.asked,
          chosen: this.viewport.query !== null,
        },
      ],
      histograms: this.viewport.choice === null ? [] : [histogram(this.set, this.viewport.choice)],
      sweeps:
        this.set.sweep === undefined || this.viewport.sweep == null
          ? []
          : [this.set.sweep(this.viewport.sweep)],
    };
  }

  /** The rows of the query: by part of a note or id, by status, and up or down the list. */
  private found(): number[] {
    const { query } = this.viewport;
    const rows = this.set.jobs.map((_, i) => i);
    if (query === null) return rows;
    const found = rows.filter((i) => {
      const { status = "not_sent", note = "", jobId = "" } = this.set.jobs[i] ?? {};
      const fits = `${note} ${jobId}`.toLowerCase().includes(query.text.toLowerCase());
      return fits && (query.statuses.length === 0 || query.statuses.includes(status));
    });
    return query.down ? found.reverse() : found;
  }

  private order(): DataView[] {
    if (this.viewport.query === null) return [];
    const bytes = new DataView(new ArrayBuffer(4 * this.found().length));
    for (const [place, row] of this.found().entries()) bytes.setUint32(4 * place, row, true);
    return [bytes];
  }

  statuses(): DataView {
    const bytes = this.set.jobs.map(
      ({ status, cancelRequested, someFailed }) =>
        STATUSES.indexOf(status) +
        (cancelRequested ? CANCEL_REQUESTED : 0) +
        (someFailed ? SOME_FAILED : 0),
    );
    return new DataView(Uint8Array.from(bytes).buffer);
  }

  private head(): Head {
    const { jobs, name, backend, circuits, effort, lead, line, settled, now } = this.set;
    const able = (action: RowAction) =>
      jobs.filter((job) => this.actionsOf(job).includes(action)).length;
    const unsent = this.isOwner && jobs.some(({ status }) => status === "not_sent");
    return {
      id: "0123456789abcdef0123456789abcdef",
      name,
      backend,
      circuits,
      points: this.set.points ?? null,
      effort,
      lead,
      line,
      settled,
      now,
      can: {
        cancel: able("cancel"),
        retry: able("retry"),
        retry_held: able("retry_held"),
        pause: unsent && !this.set.paused,
        unpause: unsent && this.set.paused === true,
        resume: this.set.interrupted === true,
      },
      waiting: this.set.waiting ?? null,
      owner: this.set.owner ?? null,
      ends: this.set.ends ?? null,
      took: this.set.took ?? null,
      qpu: jobs.some(({ qpu }) => qpu !== undefined)
        ? jobs.reduce((sum, { qpu = 0 }) => sum + qpu, 0)
        : null,
      columns: OPTIONAL_COLUMNS.filter((column) =>
        jobs.some((job) =>
          column === "attempts"
            ? (job.attempt ?? 1) > 1
            : job[column === "id" ? "jobId" : column] !== undefined,
        ),
      ),
      stale: this.set.stale ?? null,
      teaching: this.set.teaching ?? false,
      first: this.set.first ?? "sum",
    };
  }

  private rows(first: number, last: number): Row[] {
    const shown = this.found().slice(first, last);
    return shown.map((i) => this.row(i, this.set.jobs[i] as FakeJob));
  }

  private row(i: number, job: FakeJob): Row {
    const { perJob, pieces, circuits } = this.set;
    const start = Math.floor(i / pieces) * perJob;
    return {
      i,
      start,
      stop: Math.min(start + perJob, circuits),
      piece: i % pieces,
      points: null,
      pieces,
      status: job.status,
      cancelRequested: job.cancelRequested ?? false,
      attempt: job.attempt ?? 1,
      jobId: job.jobId ?? null,
      queue: job.queue ?? null,
      qpu: job.qpu ?? null,
      since: job.since ?? null,
      waited: job.waited ?? null,
      ran: job.ran ?? null,
      note: job.note ?? "",
      can: this.actionsOf(job),
    };
  }

  private answer(message: ToKernel): void {
    switch (message.kind) {
      case "hello":
        this.message(this.update(true));
        break;
      case "look":
        this.viewport = message;
        this.publish();
        if (message.choice === null) this.message(timeline(this.set));
        break;
      case "detail": {
        const job = this.set.jobs[message.row];
        this.message({
          kind: "detail",
          v: WIRE_VERSION,
          row: message.row,
          title: job?.title ?? this.title(message.row),
          error: job?.error ?? null,
          history: job?.history ?? [],
        });
        break;
      }
      case "circuits":
        this.draw(message.row, message.first);
        break;
      case "groups":
        this.message({ kind: "groups", v: WIRE_VERSION, ...(this.set.groups ?? NO_GROUPS) });
        break;
      case "command":
        if (message.do === "save_results") {
          this.saveResults(message.id);
          break;
        }
        this.acknowledge(message.id, this.apply(message.do, message.rows));
        this.publish();
        break;
      case "plotly":
        this.plotly().then(
          (gzip) => this.message({ kind: "plotly", v: WIRE_VERSION }, [new DataView(gzip)]),
          () => undefined,
        );
        break;
      case "bye":
        break;
    }
  }

  private draw(row: number, first: number): void {
    const of = Math.min(this.set.perJob, this.set.circuits);
    const drawings = Array.from({ length: Math.min(3, of - first) }, (_, k) => {
      const circuit = Math.floor(row / this.set.pieces) * this.set.perJob + first + k;
      return {
        circuit,
        name: `bell ${circuit}`,
        facts: "4 qubits · 9 instructions",
        text: DRAWING,
      };
    });
    this.message(
      { kind: "drawings", v: WIRE_VERSION, row, first, of, drawings, problem: null },
      [],
    );
  }

  /** Send the file in two pieces, each inside a larger buffer, as a comm may hand it over. */
  private saveResults(id: string): void {
    const file = this.results ?? new Uint8Array();
    const half = Math.ceil(file.length / 2);
    for (const start of this.results === null ? [] : [0, half]) {
      const piece = new DataView(file.buffer, start, Math.min(half, file.length - start));
      this.message({ kind: "file", v: WIRE_VERSION, id }, [piece]);
    }
    this.acknowledge(id, this.results === null ? "There is nothing to save yet." : null);
  }

  private title(i: number): string {
    const row = this.row(i, this.set.jobs[i] as FakeJob);
    return `Job ${i}, circuits ${row.start}–${row.stop - 1} · first attempt`;
  }

  private acknowledge(id: string, refusal: string | null): void {
    const ok = refusal === null;
    this.message({ kind: "ack", v: WIRE_VERSION, id, ok, text: refusal ?? "" });
  }

  /** Why not, or null. */
  private apply(
    action: Exclude<Action, "save_results">,
    rows: readonly number[] | null,
  ): string | null {
    if (action === "resume") {
      if (this.set.refusal !== undefined) return this.set.refusal;
      this.set.interrupted = false;
    } else if (action === "pause" || action === "unpause") {
      this.set.paused = action === "pause";
      this.set.waiting = action === "pause" ? { text: "paused", until: null } : null;
    } else if (action === "ask") {
      if (this.set.stale) this.set.stale.next = this.set.now;
    } else this.applyToRows(action, rows);
    return null;
  }

  private applyToRows(action: RowAction, rows: readonly number[] | null): void {
    for (const [i, job] of this.set.jobs.entries()) {
      if ((rows !== null && !rows.includes(i)) || !this.actionsOf(job).includes(action)) continue;
      this.set.jobs[i] =
        action === "cancel"
          ? { ...job, cancelRequested: true, note: "" }
          : { ...job, status: "sending", someFailed: false, note: "", since: this.set.now };
    }
  }

  private get isOwner(): boolean {
    return this.set.owner === undefined && !this.set.interrupted;
  }

  private actionsOf({ status, cancelRequested, someFailed }: FakeJob): RowAction[] {
    if (!this.isOwner) return [];
    if (status === "error" || someFailed) return ["retry"];
    if (status === "held") return ["retry_held", "cancel"];
    if (status === "done" || status === "cancelled" || cancelRequested) return [];
    return ["cancel"];
  }
}
