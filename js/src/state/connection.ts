/** The connection of a session, for both panels: sends to the kernel, and has timers that end with the session. */

type Timer = ReturnType<typeof setTimeout>;

export interface Connection<Message> {
  send(message: Message): void;
  /** Run a function after this many milliseconds, unless the timer is stopped or the connection closed before. */
  after(ms: number, run: () => void): Timer;
  stop(timer: Timer | null): void;
  /** Stop all timers. */
  close(): void;
}

export function openConnection<Message>(model: {
  send(message: Message): void;
}): Connection<Message> {
  const timers = new Set<Timer>();
  return {
    send(message) {
      try {
        model.send(message);
      } catch {
        // A closed comm throws. The timeouts report that the kernel does not answer.
      }
    },
    after(ms, run) {
      const timer = setTimeout(() => {
        timers.delete(timer);
        run();
      }, ms);
      timers.add(timer);
      return timer;
    },
    stop(timer) {
      if (timer === null) return;
      clearTimeout(timer);
      timers.delete(timer);
    },
    close() {
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

/** A random id. `crypto.randomUUID` is missing on pages without TLS, as many hubs are. */
export function newId(): string {
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
