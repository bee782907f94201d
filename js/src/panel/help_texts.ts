/** Teaching mode: a one-sentence explanation for each part of the panel. Pure. */
import type { Status } from "../protocol/wire";

export const STATUS_HELP: Readonly<Record<Status, string>> = {
  not_sent: "Not sent: the job waits here, on your side, until it may be sent to the backend.",
  sending: "Sending: the job is on its way to the backend, which has not answered yet.",
  held: "Held: nobody knows whether the backend got this job, so you decide whether it is sent again.",
  queued: "Queued: the backend has the job, but runs those first that came before it.",
  running: "Running: the backend runs each circuit of the job now, once for every shot.",
  done: "Done: the counts of this job came back and are stored.",
  error: "Error: the job ended without counts; open its row to read why, and Retry sends it again.",
  cancelled: "Cancelled: somebody called the job off before it was done, so it gives no counts.",
};

/** Explanations by CSS selector; inner elements come before those around them. */
export const HELP_TEXTS: readonly (readonly [selector: string, sentence: string])[] = [
  [".qjm-bar", "The bar holds every job of the set, coloured and ordered by status."],
  [
    ".qjm-facts",
    "The backend runs the circuits, which are cut into jobs; a shot is one run of a circuit, and gives one outcome.",
  ],
  [
    ".qjm-waiting",
    "What happens next, and when; QPU is the time that the quantum processor itself worked for this set.",
  ],
  [".qjm-line", "How many jobs are done, and how many are where on their way."],
  [".qjm-found", "How many jobs the table lists: all, or those that your search and filter leave."],
  [
    ".qjm-drawer-title",
    "What is known of this job: its status, how long it waited and ran, and the processor's own time.",
  ],
  [".qjm-error", "What the backend said when the job failed, word for word."],
  [".qjm-history-lines", "Each step of the job's life until now, with its time."],
  [".qjm-job-id", "The name that the backend gave the job, by which it is found again."],
  [".qjm-cell-number", "A job is what is sent to the backend at once; jobs are numbered from 0."],
  [".qjm-cell-span", "Which circuits this job holds, numbered from 0 in the order you gave them."],
  [".qjm-columns .qjm-cell-status", "Status: where each job is on its way from you to its counts."],
  [".qjm-cell-note", "What the backend says about the job, or why it failed."],
  [".qjm-cell-queue", "The place in the backend's queue: at 1 the job is the next to run."],
  [".qjm-cell-since", "How long the job has been in its status."],
  [".qjm-cell-waited", "Waited: the time from sending the job until the backend began with it."],
  [".qjm-cell-ran", "Ran: the time that the backend took for the job's circuits."],
  [".qjm-cell-attempts", "How many times the job was sent: a job that failed can be sent again."],
  [".qjm-cell-qpu", "How long the quantum processor itself worked, which is what usually costs."],
  [".qjm-cell-id", "The name that the backend gave the job, by which it is found again."],
  [
    ".qjm-likeness span:first-child",
    "Hellinger fidelity: 1 when measured and expected are the same, 0 when they have nothing in common.",
  ],
  [
    ".qjm-likeness span",
    "Total variation distance: the share of all shots that would have to be elsewhere to give what was expected.",
  ],
  [
    ".qjm-captions .qjm-caption:not(.qjm-likeness)",
    "How many jobs and shots the picture holds so far: with more shots, chance matters less.",
  ],
  [
    ".qjm-captions + .qjm-caption:not(.qjm-note)",
    "The outcomes that have no bar of their own, and how many shots they have together.",
  ],
  [
    ".qjm-counts-tools [aria-pressed]",
    "Expected: the marks stand where the bars would end if everything came as you said you expect it.",
  ],
  [
    ".qjm-as-table tr > :nth-child(1)",
    "Outcome: the bits that were measured in one shot, bit 0 at the right.",
  ],
  [".qjm-as-table tr > :nth-child(2)", "Shots: how many times this outcome came."],
  [".qjm-as-table tr > :nth-child(3)", "Share: the shots with this outcome, out of all shots."],
  [
    ".qjm-as-table tr > :nth-child(4)",
    "95 % interval: of 100 intervals that are made in this way, about 95 hold the true share.",
  ],
  [".qjm-as-table tr > :nth-child(5)", "Expected: the share that you said you expect."],
  [".qjm-as-table", "The same numbers as in the picture, exactly."],
  [
    ".qjm-counts .qjm-chart [role=img]",
    "Each bar is an outcome, the bits that were measured in one shot, bit 0 at the right; its height says how often it came, and the thin line how far chance may have moved it.",
  ],
  [
    ".qjm-pane .qjm-chart [role=img]",
    "Time goes to the right: a job is hatched while it waits in the queue and solid while it runs.",
  ],
  [
    ".qjm-timeline-legend",
    "How the timeline draws a job that waits, one that runs, and one that ended without counts.",
  ],
  [
    ".qjm-pane .qjm-caption:not(.qjm-note)",
    "The timeline in numbers: the longest waiting and running, or how many jobs did so at once.",
  ],
];

/** Elements that teaching mode adds to the Tab order: they are no controls but have an explanation. */
export const TAB_STOPS =
  ".qjm-bar, .qjm-facts, .qjm-line, .qjm-found, .qjm-columns .qjm-cell-span, .qjm-drawer-title, .qjm-pane .qjm-caption:not(.qjm-likeness, .qjm-note, .qjm-timeline-legend), .qjm-likeness span, .qjm-as-table thead th, .qjm-pane .qjm-chart [role=img]";
