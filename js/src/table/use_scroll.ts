/** Where a list stands, and how many rows are made beside those in sight. */
import { useCallback, useEffect, useState } from "preact/hooks";

/** Milliseconds after which a list that jumped has come to rest. */
const REST = 100;

export interface Scroll {
  /** Pixels. */
  readonly top: number;
  /** Rows above and below those in sight. */
  readonly overscan: number;
  readonly moveTo: (top: number) => void;
}

/**
 * Rows beside those in sight are there before a short step brings them into it. At first, and after a jump further than
 * `reach` pixels, none of them are: until the list rests only what is seen is made, in half of the time.
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
