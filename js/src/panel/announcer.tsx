/** Tells a screen reader how the set stands, seldom enough to be listened to. */
import { useEffect, useRef, useState } from "preact/hooks";

const PAUSE_MS = 5_000;

export function Announcer({ text }: { text: string }) {
  const [said, setSaid] = useState(text);
  const last = useRef(Date.now());
  useEffect(() => {
    if (text === said) return;
    const wait = Math.max(0, last.current + PAUSE_MS - Date.now());
    const timer = setTimeout(() => {
      last.current = Date.now();
      setSaid(text);
    }, wait);
    return () => clearTimeout(timer);
  }, [text, said]);
  return (
    <div class="qjm-unseen" role="status" aria-live="polite">
      {said}
    </div>
  );
}
