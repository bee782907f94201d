/** A button that turns notifications on and off, while the set is unfinished. */
import { useState } from "preact/hooks";
import { changeNotifySetting, readNotifySetting } from "../notify";
import type { Head } from "../protocol/wire";

const TITLES = {
  off: "Off: the browser can notify you when a set finishes while its notebook is hidden",
  on: "On: the browser notifies you when a set finishes while its notebook is hidden",
  blocked: "The browser blocks notifications from this page",
} as const;

export function NotifyButton({ head }: { head: Head }) {
  const [setting, setSetting] = useState(readNotifySetting);
  if (setting === "unavailable" || head.settled || head.can.resume) return null;
  return (
    <button
      type="button"
      class="qjm-bell"
      aria-pressed={setting === "on"}
      aria-label="Notify me when it finishes"
      title={TITLES[setting]}
      disabled={setting === "blocked"}
      onClick={() => changeNotifySetting(setting !== "on").then(setSetting, () => undefined)}
    >
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d="M3 11.5h10c-1.2-1.2-1.5-2.3-1.5-4.5a3.5 3.5 0 0 0-7 0c0 2.2-.3 3.3-1.5 4.5zM6.7 13.5a1.4 1.4 0 0 0 2.6 0" />
        {setting !== "on" && <path d="m2.5 2.5 11 11" />}
      </svg>
    </button>
  );
}
