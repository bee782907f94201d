/** Drawings of a job's circuits, loaded a few at a time on request. */
import { useRef } from "preact/hooks";
import { Button } from "../components/button";
import type { Actions } from "../state/actions";
import type { State } from "../state/state";
import { count, plural } from "../text";

/** Width of a character of the drawings, in pixels. */
const CHARACTER = 7.3;

interface Props {
  state: State;
  actions: Actions;
  row: number;
  /** Number of circuits of the job. */
  circuits: number;
}

export function Circuits({ state, actions, row, circuits }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const drawn = state.circuits.get(row);
  const loaded = drawn?.drawings.length ?? 0;
  const left = circuits - loaded;
  const request = () => {
    const width = frame.current?.clientWidth ?? 0;
    actions.circuits(row, loaded, Math.floor((width || 700) / CHARACTER) - 4);
  };
  return (
    <div class="qjm-circuits" ref={frame}>
      {drawn?.drawings.map(({ circuit, name, facts, text }) => (
        <figure key={circuit}>
          <figcaption>
            {`Circuit ${circuit} `}
            <bdi class="qjm-muted">{name === "" ? facts : `${name} · ${facts}`}</bdi>
          </figcaption>
          {text !== "" && (
            // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard has to scroll a wide drawing
            <pre tabIndex={0} role="region" aria-label={`Drawing of circuit ${circuit}`}>
              {text}
            </pre>
          )}
        </figure>
      ))}
      {drawn?.problem != null && <p class="qjm-drawer-hint">{drawn.problem}</p>}
      {left > 0 && drawn?.problem == null && (
        <Button
          small
          disabled={drawn?.loading === true || state.connection !== "connected"}
          onClick={request}
        >
          {drawn?.loading === true
            ? "Drawing…"
            : loaded > 0
              ? `Draw more (${count(left)} left)`
              : `Draw ${plural(circuits, "circuit")}`}
        </Button>
      )}
    </div>
  );
}
