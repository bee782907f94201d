/** Teaching mode: a one-sentence explanation for each part of the panel. Pure. */
import type { Status } from "../protocol/wire";

export const STATUS_HELP: Readonly<Record<Status, string>> = {
  not_sent: "Not sent: the job waits in your notebook until it can be sent to the backend.",
  sending: "Sending: the job was sent to the backend, which has not confirmed it yet.",
  held: "Held: it is unknown whether the backend received this job, so you decide whether to send it again.",
  queued: "Queued: the backend has the job and first runs the jobs before it.",
  running: "Running: the backend is executing the circuits of the job, once per shot.",
  done: "Done: the results of this job were received and stored.",
  error: "Error: the job ended without results. Open its row to see why; Retry sends it again.",
  cancelled: "Cancelled: the job was cancelled before it finished, so it has no results.",
};

/** Explanations by CSS selector; inner elements come before those around them. */
export const HELP_TEXTS: readonly (readonly [selector: string, text: string])[] = [
  [".qjm-bar", "All jobs of the set, coloured and sorted by status."],
  [
    ".qjm-facts",
    "The circuits are split into jobs, which run on this backend. A shot is one execution of a circuit and gives one outcome.",
  ],
  [
    ".qjm-waiting",
    "What happens next and when. QPU is the time that the quantum processor has worked for this set.",
  ],
  [".qjm-line", "How many jobs have which status."],
  [".qjm-found", "How many jobs the table shows: all, or those that match your search and filter."],
  [
    ".qjm-sweep",
    "Each point is a circuit, or a set of parameter values: what was measured there, with its error bar.",
  ],
  [
    ".qjm-drawer-title",
    "Facts about this job: its status, how long it waited and ran, and its time on the quantum processor.",
  ],
  [".qjm-error", "The full error message of the backend."],
  [".qjm-history-lines", "The events of this job so far, with their times."],
  [".qjm-job-id", "The backend's identifier of this job, with which you can find it again."],
  [".qjm-cell-number", "A job is sent to the backend as one unit. Jobs are numbered from 0."],
  [".qjm-cell-span", "The circuits in this job, numbered from 0 in the order you gave them."],
  [".qjm-columns .qjm-cell-status", "Status: how far each job is, from Not sent to Done."],
  [".qjm-cell-note", "Information from the backend about the job, or why it failed."],
  [".qjm-cell-queue", "Position in the backend's queue: the job at 1 runs next."],
  [".qjm-cell-since", "How long the job has had its current status."],
  [".qjm-cell-waited", "Waited: time from sending the job until the backend started it."],
  [".qjm-cell-ran", "Ran: time that the backend took to run the job."],
  [".qjm-cell-attempts", "How many times the job was sent: a job with an error can be sent again."],
  [
    ".qjm-cell-qpu",
    "Time that the quantum processor worked on the job, which is what usually costs.",
  ],
  [".qjm-cell-id", "The backend's identifier of this job, with which you can find it again."],
  [
    ".qjm-likeness span:first-child",
    "Hellinger fidelity: 1 if the measured and the expected distribution are equal, 0 if they do not overlap.",
  ],
  [
    ".qjm-likeness span",
    "Total variation distance: the fraction of shots that would have to change to match the expected distribution.",
  ],
  [
    ".qjm-captions .qjm-caption:not(.qjm-likeness)",
    "How many jobs and shots the chart includes so far: with more shots, chance matters less.",
  ],
  [
    ".qjm-captions + .qjm-caption:not(.qjm-note)",
    "Outcomes without a bar of their own, and their total number of shots.",
  ],
  [
    ".qjm-counts-tools [aria-pressed]",
    "Expected: marks show how high the bars would be for the expected distribution.",
  ],
  [
    ".qjm-as-table tr > :nth-child(1)",
    "Outcome: the bits measured in one shot, with bit 0 on the right.",
  ],
  [".qjm-as-table tr > :nth-child(2)", "Shots: how many times this outcome was measured."],
  [".qjm-as-table tr > :nth-child(3)", "Share: shots with this outcome, divided by all shots."],
  [
    ".qjm-as-table tr > :nth-child(4)",
    "95 % interval: about 95 of 100 such intervals contain the true probability.",
  ],
  [
    ".qjm-as-table tr > :nth-child(5)",
    "Expected: the probability that you expect for this outcome.",
  ],
  [".qjm-as-table", "The exact numbers of the chart."],
  [
    ".qjm-counts .qjm-chart [role=img]",
    "Each bar is an outcome: the bits measured in one shot, with bit 0 on the right. Its height is how often it was measured; the thin line is the 95 % interval.",
  ],
  [
    ".qjm-pane .qjm-chart [role=img]",
    "Time runs to the right: bars are hatched while a job waits and solid while it runs, with a thin line while the processor executes it.",
  ],
  [
    ".qjm-pane .qjm-caption:not(.qjm-note, .qjm-timeline-legend)",
    "The timeline in numbers: the longest wait and run, or the most jobs that waited or ran at once.",
  ],
];

/** Elements that teaching mode adds to the Tab order: they have an explanation but are not controls. */
export const TAB_STOPS =
  ".qjm-bar, .qjm-facts, .qjm-line, .qjm-found, .qjm-columns .qjm-cell-span, .qjm-drawer-title, .qjm-pane .qjm-caption:not(.qjm-likeness, .qjm-note, .qjm-timeline-legend), .qjm-likeness span, .qjm-as-table thead th, .qjm-pane .qjm-chart [role=img]";
