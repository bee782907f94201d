/**
 * The browser's own notifications, for whoever has asked for them: a set has finished while its notebook was
 * out of sight. The choice is the reader's, kept in this browser, and off before it was made.
 */
import type { State } from "./state/state";

const KEY = "qjm-notify";

/** "never": this browser or this page cannot; "refused": the reader told the browser so. */
export type Wish = "never" | "refused" | "off" | "on";

export function readWish(): Wish {
  if (typeof Notification === "undefined" || !globalThis.isSecureContext) return "never";
  if (Notification.permission === "denied") return "refused";
  try {
    const on = localStorage.getItem(KEY) === "on" && Notification.permission === "granted";
    return on ? "on" : "off";
  } catch {
    return "never"; // a page that may keep nothing
  }
}

/** Turns them on or off. The browser asks the reader, once, when they are turned on first. */
export async function setWish(on: boolean): Promise<Wish> {
  if (on && Notification.permission === "default") await Notification.requestPermission();
  localStorage.setItem(KEY, on && Notification.permission === "granted" ? "on" : "off");
  return readWish();
}

/** Returns what is told of each state: it notices the end of the set in it. */
export function watchEnd(panel: HTMLElement): (state: State) => void {
  let going = false;
  return ({ connection, head }) => {
    if (connection !== "connected" || head === null) return;
    const ended = going && head.settled;
    going = !head.settled;
    if (!ended || !outOfSight(panel) || readWish() !== "on") return;
    try {
      const said = new Notification(head.name, {
        body: head.line === "" ? head.lead : `${head.lead}, ${head.line}`,
        // Two panels of a set say it once.
        tag: `qjm-${head.id}`,
      });
      said.onclick = () => {
        globalThis.focus();
        said.close();
      };
    } catch {
      // Some browsers allow them to service workers only.
    }
  };
}

/** In a hidden tab of the browser, or of the notebook application. */
function outOfSight(panel: HTMLElement): boolean {
  return document.hidden || (panel.isConnected && panel.getClientRects().length === 0);
}
