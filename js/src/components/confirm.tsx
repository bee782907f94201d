/** An inline question before an action that cannot be undone. */
import { useEffect, useId, useRef } from "preact/hooks";
import { Button } from "./button";

interface Props {
  text: string;
  yes: string;
  no: string;
  danger: boolean;
  onYes: () => void;
  onNo: () => void;
}

export function Confirm({ text, yes, no, danger, onYes, onNo }: Props) {
  const harmless = useRef<HTMLButtonElement>(null);
  const textId = useId();
  // Focus the safe answer, so that a hasty Enter changes nothing.
  useEffect(() => harmless.current?.focus(), []);
  return (
    <div
      class="qjm-confirm"
      role="group"
      aria-label="Confirm"
      aria-describedby={textId}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        onNo();
      }}
    >
      <span id={textId}>{text}</span>
      <Button variant={danger ? "danger" : undefined} onClick={onYes}>
        {yes}
      </Button>
      <Button ref={harmless} onClick={onNo}>
        {no}
      </Button>
    </div>
  );
}
