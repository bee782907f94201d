/** What a kernel would send of a made-up set: its histogram and its timeline. Pure. */
import {
  type Attempt,
  type Choice,
  type ExecutionSpan,
  type Histogram,
  STATUSES,
  type Timeline,
  WIRE_VERSION,
} from "../src/protocol/wire";
import type { FakeSet } from "./fake_set";

/** The counts of the jobs that are done. */
export function histogram(set: FakeSet, choice: Choice): Histogram {
  const { jobs, circuits } = set;
  const { circuit, top } = choice;
  const done = jobs.filter(({ status }) => status === "done").length;
  const one = circuit !== null;
  const all = Object.entries(marginal(set, choice, done > 0)).map(
    ([key, n]) => [key, Math.round(one ? n / circuits : n)] as const,
  );
  const kept = [...all].sort((a, b) => b[1] - a[1]).slice(0, top);
  kept.sort((a, b) => (a[0] < b[0] ? -1 : 1));
  const sum = (list: readonly (readonly [string, number])[]) => list.reduce((n, [, x]) => n + x, 0);
  const values = kept.map(([key]) => set.expected?.[key] ?? 0);
  return {
    choice,
    jobs: one ? Math.min(done, 1) : done,
    of: one ? 1 : jobs.length,
    shots: sum(all),
    keys: kept.map(([key]) => key),
    counts: kept.map(([, n]) => n),
    rest: { outcomes: all.length - kept.length, shots: sum(all) - sum(kept) },
    expected:
      set.expected === undefined || choice.bits !== null
        ? null
        : { values, rest: 0, fidelity: 0.853, distance: 0.12 },
    notes: [],
    ...(set.estimates !== undefined && { estimates: set.estimates }),
  };
}

/** When each job waited and ran. */
/** Two times on the processor for each job that has ended. */
function spansOf([job, , , running, ended]: Attempt): ExecutionSpan[] {
  if (running === null || ended === null) return [];
  const part = (ended - running) / 5;
  return [
    [job, running + part, running + 2 * part],
    [job, ended - 2 * part, ended],
  ];
}

export function timeline(set: FakeSet): Timeline {
  const { jobs, now } = set;
  const bars = jobs.flatMap(({ status, since, waited, ran }, i): Attempt[] => {
    const final = ["done", "error", "cancelled", "held"].includes(status);
    if (status === "not_sent" || since === undefined) return [];
    const ended = final ? since + 6_000 * i : null;
    const end = ended ?? now;
    const running = ran === undefined ? null : end - ran;
    const sent = (running ?? end) - (waited ?? 0);
    return [[i, 1, sent, running, ended, STATUSES.indexOf(status)]];
  });
  const times = Array.from({ length: 200 }, (_, i) => now - 3_600_000 + 18_000 * i);
  const steps = {
    at: times,
    waiting: times.map((_, i) => Math.round(500 - 400 * Math.cos(i / 30))),
    running: times.map((_, i) => 20 + (i % 7)),
  };
  const many = jobs.length > 500;
  return {
    kind: "timeline",
    v: WIRE_VERSION,
    jobs: jobs.length,
    bars: many ? null : bars,
    spans: many ? null : bars.flatMap(spansOf),
    steps: many ? steps : null,
  };
}

function marginal(set: FakeSet, { bits }: Choice, any: boolean): Record<string, number> {
  if (!any) return {};
  const found: Record<string, number> = {};
  for (const [key, n] of Object.entries(set.counts)) {
    const part = [...(bits ?? [...key].map((_, i) => i))]
      .map((bit) => key.at(-1 - bit) ?? "0")
      .reverse()
      .join("");
    found[part] = (found[part] ?? 0) + n;
  }
  return found;
}
