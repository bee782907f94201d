/** Turns the browser's notifications on and off, while a set goes on. */
import { useState } from "preact/hooks";
import { readWish, setWish } from "../notify";
import type { Head } from "../protocol/wire";

const TITLES = {
  off: "The browser says so when a set finishes while its notebook is out of sight",
  on: "The browser says so when a set finishes while its notebook is out of sight: on",
  refused: "Notifications of this page are blocked in the browser",
} as const;

export function NotifyButton({ head }: { head: Head }) {
  const [wish, setKnown] = useState(readWish);
  if (wish === "never" || head.settled || head.can.resume) return null;
  return (
    <button
      type="button"
      class="qjm-bell"
      aria-pressed={wish === "on"}
      aria-label="Notify me when it finishes"
      title={TITLES[wish]}
      disabled={wish === "refused"}
      onClick={() => setWish(wish !== "on").then(setKnown, () => undefined)}
    >
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d="M3 11.5h10c-1.2-1.2-1.5-2.3-1.5-4.5a3.5 3.5 0 0 0-7 0c0 2.2-.3 3.3-1.5 4.5zM6.7 13.5a1.4 1.4 0 0 0 2.6 0" />
        {wish !== "on" && <path d="m2.5 2.5 11 11" />}
      </svg>
    </button>
  );
}
