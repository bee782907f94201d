/** A panel in a page, over the fake kernel. */
import { afterEach, beforeEach, vi } from "vitest";
import { FakeKernel } from "../demo/fake_kernel";
import type { FakeSet } from "../demo/fake_set";
import { SCENARIOS } from "../demo/scenarios";
import panel from "../src/index";

export function scenario(name: string): FakeSet {
  const make = SCENARIOS[name];
  if (make === undefined) throw new Error(`no scenario ${name}`);
  return make();
}

const open = new Set<() => void>();

/**
 * Fakes time in each test of a file. What a test leaves scheduled runs out before the next one, because
 * Preact counts on its own timers to fire.
 */
export function useFakeTime(now?: number): void {
  beforeEach(() => {
    vi.useFakeTimers(now === undefined ? {} : { now });
  });
  afterEach(async () => {
    for (const close of open) close();
    open.clear();
    await vi.runAllTimersAsync();
    vi.useRealTimers();
  });
}

export interface Shown {
  kernel: FakeKernel;
  el: HTMLElement;
  close: () => void;
}

/** Renders with faked time; call `settle` to let effects, timers and repaints happen. */
export function show(set: FakeSet | FakeKernel): Shown {
  const kernel = set instanceof FakeKernel ? set : new FakeKernel(set);
  const el = document.createElement("div");
  document.body.replaceChildren(el);
  const close = panel.render({ model: kernel as never, el });
  open.add(close);
  return { kernel, el, close };
}

export async function settle(ms = 100): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}

export function button(el: HTMLElement, name: string): HTMLButtonElement {
  const found = [...el.querySelectorAll("button")].find(
    (each) => (each.getAttribute("aria-label") ?? each.textContent) === name,
  );
  if (found === undefined) throw new Error(`no button "${name}"`);
  return found;
}

export function row(el: HTMLElement, i: number): HTMLElement {
  const found = el.querySelector<HTMLElement>(`[data-row="${i}"]`);
  if (found === null) throw new Error(`row ${i} is not in the page`);
  return found;
}

export function press(element: HTMLElement, key: string): void {
  element.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
}
