/** Announce progress to screen readers, at most once every five seconds. */
import { useEffect, useRef, useState } from "preact/hooks";

const PAUSE_MS = 5_000;

export function Announcer({ text }: { text: string }) {
  const [announced, setAnnounced] = useState(text);
  const last = useRef(Date.now());
  useEffect(() => {
    if (text === announced) return;
    const wait = Math.max(0, last.current + PAUSE_MS - Date.now());
    const timer = setTimeout(() => {
      last.current = Date.now();
      setAnnounced(text);
    }, wait);
    return () => clearTimeout(timer);
  }, [text, announced]);
  return (
    <div class="qjm-unseen" role="status" aria-live="polite">
      {announced}
    </div>
  );
}
