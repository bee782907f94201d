/** Measurements of elements. */
import type { RefObject } from "preact";
import { useLayoutEffect } from "preact/hooks";

/** Measure an element when it is mounted, when `inputs` change, and whenever it is resized. */
export function useResize<E extends HTMLElement>(
  ref: RefObject<E | null>,
  measure: (element: E) => void,
  inputs: readonly unknown[] = [],
): void {
  useLayoutEffect(() => {
    const element = ref.current;
    if (element === null) return;
    measure(element);
    const observer = new ResizeObserver(() => measure(element));
    observer.observe(element);
    return () => observer.disconnect();
  }, inputs);
}
