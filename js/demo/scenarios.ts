/** Made-up job sets for the demo page and the tests. */
import type { FakeJob, FakeSet } from "./fake_set";
import { bases, map, rabi } from "./sweeps";

/** 2025-11-03 10:42 UTC; the demo's clock starts there. */
export const NOW = Date.UTC(2025, 10, 3, 10, 42);

const COUNTS = {
  "0000": 147_200,
  "0001": 7_900,
  "0010": 11_050,
  "0011": 144_800,
  "0100": 6_650,
  "0101": 4_020,
  "0110": 5_500,
  "0111": 7_040,
  "1000": 9_100,
  "1001": 5_120,
  "1010": 3_710,
  "1011": 7_990,
  "1100": 140_420,
  "1101": 9_550,
  "1110": 6_750,
  "1111": 97_600,
};

const EXPECTED = { "0000": 0.25, "0011": 0.25, "1100": 0.25, "1111": 0.25 };

const ERROR = `[1500] The backend was recalibrated while the job waited.
Traceback (most recent call last):
  File "job.py", line 212, in run
    outcome = backend.execute(payload, calibration=calibration)
CalibrationChangedError: calibration 2025-11-03T10:30Z is not valid any more
Nothing was charged. Retry sends circuits 200–299 again.`;

function done(i: number): FakeJob {
  return {
    status: "done",
    jobId: `d3w7k2e8qf0${i}g008vbtp`,
    since: NOW - 60_000,
    waited: 130_000 + 6_000 * i,
    ran: 8_000 + (i % 3) * 300,
    history: ["10:38:07 sent", "10:40:17 running", "10:40:25 done"],
  };
}

const failed: FakeJob = {
  status: "error",
  jobId: "d3w7k2e8qf02g008vbtp",
  since: NOW - 40_000,
  waited: 140_000,
  note: "[1500] The backend was recalibrated while the job waited.",
  error: ERROR,
  history: ["10:38:19 sent", "10:40:39 error"],
};

const held: FakeJob = {
  status: "held",
  since: NOW - 70_000,
  note: "may have been sent: the reply was lost",
  history: ["10:40:50 sending", "10:40:58 connection lost", "10:41:58 held: no job with its tag"],
};

function middle(): FakeJob[] {
  return [
    done(0),
    done(1),
    failed,
    done(3),
    done(4),
    done(5),
    done(6),
    {
      ...done(7),
      status: "running",
      since: NOW - 5_000,
      waited: 182_000,
      ran: 5_000,
      note: "estimated 9 s",
    },
    held,
    { status: "not_sent" },
  ];
}

/** The first `finished` are done, one runs, the next `queued` wait, the rest is not sent. */
function partly(jobs: number, finished: number, queued: number): FakeJob[] {
  return Array.from({ length: jobs }, (_, i): FakeJob => {
    if (i < finished) return done(i);
    if (i === finished) {
      return { ...done(i), status: "running", since: NOW - 5_000, ran: 5_000 };
    }
    const jobId = `d3w7k2e8qf0${i}g008vbtp`;
    if (i <= finished + queued)
      return { status: "queued", jobId, since: NOW - 30_000, waited: 30_000 };
    return { status: "not_sent" };
  });
}

const BELL: Omit<FakeSet, "jobs" | "lead" | "line" | "settled"> = {
  name: "bell sweep",
  backend: "ibm_fez",
  circuits: 1_000,
  perJob: 100,
  pieces: 1,
  effort: "1,024 shots",
  counts: COUNTS,
  groups: {
    names: {
      groups: [
        ["bell", 600],
        ["ghz", 400],
      ],
      of: 2,
    },
    metadata: [
      {
        key: "depth",
        groups: [
          ["2", 500],
          ["4", 500],
        ],
        of: 2,
      },
    ],
    registers: ["meas"],
  },
  now: NOW,
};

/** An endless source of numbers that are the same each time. */
function* numbers(seed: number): Generator<number, never> {
  let x = seed;
  for (;;) {
    x = (x * 1_103_515_245 + 12_345) % 2_147_483_648;
    yield x / 2_147_483_648;
  }
}

function many(jobs: number): FakeSet {
  const random = numbers(7);
  const list = Array.from({ length: jobs }, (_, i): FakeJob => {
    if (i > 0.75 * jobs) return { status: "not_sent" };
    if (i > 0.7 * jobs) return { status: "queued", since: NOW - 30_000 };
    return random.next().value < 0.002 ? failed : done(i);
  });
  const counts: Record<string, number> = {};
  for (let k = 0; k < 1024; k++) {
    counts[k.toString(2).padStart(10, "0")] = Math.round(
      2_000 + 9_000 * Math.exp(-(((k - 380) / 120) ** 2)) + 800 * random.next().value,
    );
  }
  return {
    ...BELL,
    name: "randomised benchmarking",
    circuits: jobs * 100,
    counts,
    jobs: list,
    lead: "6,976 of 10,000 done",
    line: "25 errors, 500 queued, 2,499 not sent",
    ends: NOW + 3 * 3_600_000,
    settled: false,
  };
}

/** A provider that reports everything and has just stopped answering. */
function queued(): FakeJob[] {
  return Array.from({ length: 24 }, (_, i): FakeJob => {
    const job = { ...done(i), qpu: 6_100 + 90 * (i % 7), attempt: i === 3 ? 2 : 1 };
    if (i === 5) return { ...job, ...failed, qpu: 1_200 };
    if (i < 8) return job;
    const queue = i - 8;
    if (i === 8) return { ...job, status: "running", ran: 4_000, since: NOW - 4_000, qpu: 2_000 };
    if (i > 18) return { status: "not_sent", since: NOW - 180_000 };
    return {
      status: "queued",
      jobId: `d3w7k2e8qf0${i}g008vbtp`,
      queue: 3 * queue + 11,
      since: NOW - 30_000 - 1_000 * i,
      waited: 30_000 + 1_000 * i,
      note: i === 9 ? "expected to run 9 s" : "",
    };
  });
}

const RABI: FakeSet = {
  ...BELL,
  name: "rabi scan",
  circuits: 1,
  points: 2_000,
  first: "sweep",
  sweep: (axes) => rabi(axes, false),
  jobs: middle(),
  lead: "6 of 10 done",
  line: "1 error, 1 running, 1 held, 1 not sent",
  settled: false,
};

export const SCENARIOS: Readonly<Record<string, () => FakeSet>> = {
  queue: () => ({
    ...BELL,
    name: "vqe, 24 points",
    circuits: 2_400,
    jobs: queued(),
    lead: "7 of 24 done",
    line: "1 error, 1 running, 10 queued, 5 not sent",
    settled: false,
    waiting: { text: "19 of 24 submitted", until: NOW + 40_000 },
    ends: NOW + 11 * 60_000,
    stale: {
      since: NOW - 95_000,
      text: "ConnectionError: the name could not be resolved",
      next: NOW + 70_000,
    },
  }),
  sweep: () => ({ ...RABI }),
  swept: () => ({
    ...RABI,
    sweep: (axes) => rabi(axes, true),
    jobs: Array.from({ length: 10 }, (_, i) => done(i)),
    lead: "10 of 10 done",
    line: "",
    settled: true,
  }),
  bases: () => ({ ...RABI, name: "three bases", circuits: 99, sweep: bases }),
  map: () => ({ ...RABI, name: "chevron", sweep: (axes) => map(axes, true) }),
  values: () => ({ ...RABI, name: "landscape", sweep: (axes) => map(axes, false) }),
  start: () => ({
    ...BELL,
    jobs: Array.from({ length: 10 }, (_, i) =>
      i < 2
        ? { status: "queued", since: NOW - 8_000 - i, note: `position ${14 + i} in the queue` }
        : i === 2
          ? { status: "sending", since: NOW - 1_000 }
          : { status: "not_sent" },
    ),
    lead: "0 of 10 done",
    line: "2 queued, 1 sending, 7 not sent",
    settled: false,
    waiting: { text: "2 of 10 submitted", until: NOW + 2_000 },
  }),
  middle: () => ({
    ...BELL,
    jobs: middle(),
    expected: EXPECTED,
    lead: "6 of 10 done",
    line: "1 error, 1 running, 1 held, 1 not sent",
    settled: false,
    waiting: { text: "9 of 10 submitted", until: NOW + 12_000 },
    ends: NOW + 170_000,
  }),
  errors: () => ({
    ...BELL,
    name: "bell sweep <b>with a very long name</b> that somebody typed \u202ebackwards\u202c once",
    pieces: 2,
    circuits: 500,
    effort: "512–40,000 shots",
    jobs: middle().map((job, i) => (i % 4 === 1 ? failed : job)),
    lead: "4 of 10 done",
    line: "4 errors, 1 running, 1 held. Retry sends the failed jobs again.",
    settled: false,
  }),
  some_failed: () => ({
    ...BELL,
    jobs: Array.from({ length: 10 }, (_, i) =>
      i !== 4
        ? done(i)
        : {
            ...done(i),
            someFailed: true,
            note: "1 of 100 circuits failed (417): ERROR: Insufficient memory to run circuit",
            error: "Job 4, circuit 417 (width 60): ERROR: Insufficient memory to run circuit",
          },
    ),
    lead: "9 of 10 done",
    line: "1 with a failed circuit",
    took: 312_000,
    settled: true,
  }),
  end: () => ({
    ...BELL,
    jobs: Array.from({ length: 10 }, (_, i) => done(i)),
    lead: "10 of 10 done",
    line: "",
    took: 312_000,
    settled: true,
  }),
  many: () => many(10_000),
  waiting: () => ({
    ...BELL,
    circuits: 2_000,
    jobs: partly(20, 0, 2),
    lead: "0 of 20 done",
    line: "1 running, 2 queued, 17 not sent",
    settled: false,
    waiting: { text: "3 of 20 submitted", until: NOW + 12_000 },
  }),
  paused: () => ({
    ...BELL,
    jobs: partly(10, 4, 1),
    lead: "4 of 10 done",
    line: "1 running, 1 queued, 4 not sent",
    settled: false,
    paused: true,
    waiting: { text: "6 of 10 submitted, paused", until: null },
  }),
  held: () => ({
    ...BELL,
    jobs: partly(10, 6, 0).map((job, i) => (i > 6 ? held : job)),
    lead: "6 of 10 done",
    line: "1 running, 3 held",
    settled: false,
  }),
  interrupted: () => ({
    ...BELL,
    jobs: partly(10, 4, 1),
    lead: "4 of 10 done",
    line: "1 running, 1 queued, 4 not sent. Interrupted: no kernel drives it.",
    settled: true,
    interrupted: true,
    refusal:
      "No backend named ibm_fez is known here. Make one, then run this in a cell:\n`job_set.resume(backend)`",
  }),
  elsewhere: () => ({
    ...BELL,
    jobs: partly(10, 4, 1),
    lead: "4 of 10 done",
    line: "1 running, 1 queued, 4 not sent",
    settled: false,
    owner: "another kernel (process 12 on host)",
  }),
};
