/** A status as a label and an icon; the colour only repeats them. */
import type { JSX } from "preact";
import type { Status } from "../protocol/wire";

export const STATUS_LABELS: Readonly<Record<Status, string>> = {
  not_sent: "Not sent",
  sending: "Sending",
  held: "Held",
  queued: "Queued",
  running: "Running",
  done: "Done",
  error: "Error",
  cancelled: "Cancelled",
};

/** Order in the progress bar: finished jobs first, jobs not sent last. */
export const BAR_ORDER: readonly Status[] = [
  "done",
  "error",
  "cancelled",
  "running",
  "queued",
  "sending",
  "held",
  "not_sent",
];

const RING = <circle cx="8" cy="8" r="6.2" />;

/** Icons of the statuses, and "some_failed" for a job that is done but has failed circuits. */
type IconName = Status | "some_failed";

const SHAPES: Readonly<Record<IconName, JSX.Element>> = {
  not_sent: <circle cx="8" cy="8" r="6.2" stroke-dasharray="2.2 2.67" />,
  sending: <path d="M8 13.5V3.2M3.8 7.2 8 3l4.2 4.2" />,
  held: (
    <>
      {RING}
      <path d="M6.1 6.4a1.9 1.9 0 1 1 2.7 1.8c-.5.2-.8.5-.8 1.1M8 11.2v.3" />
    </>
  ),
  queued: (
    <>
      {RING}
      <path d="M8 4.6V8l2.3 1.5" />
    </>
  ),
  running: <path class="qjm-icon-solid" d="M4.5 2.8v10.4L13 8z" />,
  done: (
    <>
      {RING}
      <path d="m5.2 8.2 2 2 3.6-4.2" />
    </>
  ),
  some_failed: (
    <>
      {RING}
      <path d="M8 4.7v3.9M8 11v.3" />
    </>
  ),
  error: <path d="M8 2 14.4 13.4H1.6zM8 6.4v3.2M8 11.3v.3" />,
  cancelled: (
    <>
      {RING}
      <path d="m5.8 5.8 4.4 4.4m0-4.4-4.4 4.4" />
    </>
  ),
};

export function StatusIcon({ status }: { status: IconName }) {
  return (
    <svg class={`qjm-icon qjm-is-${status}`} viewBox="0 0 16 16" aria-hidden="true">
      {SHAPES[status]}
    </svg>
  );
}
