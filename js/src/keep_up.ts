/**
 * Looks after a panel to which nothing has come for a while. Where the kernel's messages are not delivered by
 * themselves, and after a lost one, it asks.
 */
import type { State } from "./state";

/** Milliseconds of silence after which it asks. */
const SILENCE = 30_000;
const PULLING = 5_000;

export interface KeptUp {
  /** Called whenever the state may have changed. */
  heard(state: State): void;
  close(): void;
}

export function keepUp(refresh: () => void): KeptUp {
  let timer: ReturnType<typeof setTimeout> | null = null;
  let last = Number.NaN;

  function stop(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
  }

  return {
    heard({ seq, head, connection, pushed }) {
      if (connection !== "connected" || head === null || head.settled) return stop();
      if (seq === last && timer !== null) return;
      last = seq;
      stop();
      timer = setTimeout(refresh, pushed ? SILENCE : PULLING);
    },
    close: stop,
  };
}
