/**
 * Browser notifications that a job set has finished while its notebook is hidden. They are off by default; the
 * setting is stored in this browser.
 */
import type { State } from "./state/state";
import { sentence } from "./text";

const KEY = "qjm-notify";

/** "unavailable": not possible in this browser or page; "blocked": the reader blocked it in the browser. */
export type NotifySetting = "unavailable" | "blocked" | "off" | "on";

export function readNotifySetting(): NotifySetting {
  if (typeof Notification === "undefined" || !globalThis.isSecureContext) return "unavailable";
  if (Notification.permission === "denied") return "blocked";
  try {
    const on = localStorage.getItem(KEY) === "on" && Notification.permission === "granted";
    return on ? "on" : "off";
  } catch {
    return "unavailable"; // a page without storage
  }
}

/** Turn notifications on or off. The browser asks for permission the first time. */
export async function changeNotifySetting(on: boolean): Promise<NotifySetting> {
  if (on && Notification.permission === "default") await Notification.requestPermission();
  localStorage.setItem(KEY, on && Notification.permission === "granted" ? "on" : "off");
  return readNotifySetting();
}

/** Return a function to call with each new state. It notifies the reader when the set has settled. */
export function notifyOnEnd(panel: HTMLElement): (state: State) => void {
  let running = false;
  return ({ connection, head }) => {
    if (connection !== "connected" || head === null) return;
    const ended = running && head.settled;
    running = !head.settled;
    if (!ended || !isHidden(panel) || readNotifySetting() !== "on") return;
    try {
      const notification = new Notification(head.name, {
        body: sentence(head.lead, head.line),
        // The tag makes one notification of those of all panels of a set.
        tag: `qjm-${head.id}`,
      });
      notification.onclick = () => {
        globalThis.focus();
        notification.close();
      };
    } catch {
      // Some browsers allow notifications to service workers only.
    }
  };
}

/** Whether the panel is in a hidden browser tab or a hidden tab of the notebook application. */
function isHidden(panel: HTMLElement): boolean {
  return document.hidden || (panel.isConnected && panel.getClientRects().length === 0);
}
