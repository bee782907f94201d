/**
 * Looks after a panel to which nothing has come for a while. Where the kernel's messages are not delivered by
 * themselves, and after a lost one, it asks.
 */
import type { State } from "./state";

/** Milliseconds of silence after which it asks. */
const SILENCE = 30_000;
const PULLING = 5_000;
/** Where nothing answers at all. The first question may have gone to a kernel's shell that a cell blocks,
 * before the page had a subshell of its own; a kernel that is gone is not asked for ever. */
const RETRIES = [1_000, 5_000, 20_000, 60_000];

export interface KeptUp {
  /** Called whenever the state may have changed. */
  heard(state: State): void;
  close(): void;
}

export function keepUp(refresh: () => void): KeptUp {
  let timer: ReturnType<typeof setTimeout> | null = null;
  let last = Number.NaN;
  let retries = 0;

  function stop(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
  }

  function retry(): void {
    const pause = RETRIES[retries];
    if (timer !== null || pause === undefined) return;
    retries += 1;
    timer = setTimeout(() => {
      timer = null;
      refresh();
      retry();
    }, pause);
  }

  return {
    heard({ seq, head, connection, pushed }) {
      if (connection === "silent") return retry();
      if (connection === "connected") retries = 0;
      if (connection !== "connected" || head === null || head.settled) return stop();
      if (seq === last && timer !== null) return;
      last = seq;
      stop();
      timer = setTimeout(refresh, pushed ? SILENCE : PULLING);
    },
    close: stop,
  };
}
