/**
 * Request updates for a panel that has received none for a while. A message may be lost, and some hosted
 * notebooks deliver messages only as answers.
 */
import type { State } from "./state";

/** Milliseconds without an update before a request. */
const IDLE_DELAY = 30_000;
const PULL_DELAY = 5_000;
/**
 * Milliseconds before each request while nothing answers. A running cell may block the kernel, which answers
 * later. There are no further requests, because the kernel may be gone.
 */
const RETRY_DELAYS = [1_000, 5_000, 20_000, 60_000];

export interface Heartbeat {
  /** Handle a state that may have changed. */
  update(state: State): void;
  close(): void;
}

export function startHeartbeat(refresh: () => void): Heartbeat {
  let timer: ReturnType<typeof setTimeout> | null = null;
  let last = Number.NaN;
  let retries = 0;

  function stop(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
  }

  function retry(): void {
    const pause = RETRY_DELAYS[retries];
    if (timer !== null || pause === undefined) return;
    retries += 1;
    timer = setTimeout(() => {
      timer = null;
      refresh();
      retry();
    }, pause);
  }

  return {
    update({ seq, head, connection, pushed }) {
      if (connection === "disconnected") return retry();
      if (connection === "connected") retries = 0;
      if (connection !== "connected" || head === null || head.settled) return stop();
      if (seq === last && timer !== null) return;
      last = seq;
      stop();
      timer = setTimeout(refresh, pushed ? IDLE_DELAY : PULL_DELAY);
    },
    close: stop,
  };
}
