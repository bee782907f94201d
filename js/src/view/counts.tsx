/** The counts so far: of all circuits or of one, as a picture and as a table. */
import { useMemo } from "preact/hooks";
import type { PlotlyApi } from "../plotly";
import { count } from "../text";
import type { Head, Histogram } from "../wire";
import { barsOf, caption, restCaption } from "./bars";
import { Chart } from "./chart";

const TOPS = [16, 64, 256, 1024] as const;
/** What the kernel puts into the saved state, so that a page without a kernel shows what it says. */
export const FIRST_TOP = 64;

export interface Choice {
  /** Null: all circuits. */
  readonly circuit: number | null;
  readonly top: number;
}

interface Props {
  head: Head;
  /** Undefined until the kernel has answered the choice. */
  histogram: Histogram | undefined;
  choice: Choice;
  connected: boolean;
  plotly: PlotlyApi | null;
  onChoice: (choice: Choice) => void;
}

export function Counts({ head, histogram, choice, connected, plotly, onChoice }: Props) {
  return (
    <section class="qjm-counts" aria-label="Counts">
      <div class="qjm-choices">
        <h4 class="qjm-heading">Counts</h4>
        <CircuitChoice circuits={head.circuits} choice={choice} onChoice={onChoice} />
        <select
          class="qjm-select"
          aria-label="How many outcomes"
          value={choice.top}
          onChange={(event) => onChoice({ ...choice, top: Number(event.currentTarget.value) })}
        >
          {TOPS.map((top) => (
            <option key={top} value={top}>{`Top ${count(top)}`}</option>
          ))}
        </select>
      </div>
      {histogram === undefined || histogram.keys.length === 0 ? (
        <p class="qjm-empty">{emptyWords(head, histogram, choice, connected)}</p>
      ) : (
        <Filled histogram={histogram} plotly={plotly} />
      )}
    </section>
  );
}

function emptyWords(
  head: Head,
  histogram: Histogram | undefined,
  choice: Choice,
  connected: boolean,
): string {
  if (histogram === undefined && !connected) return "These counts need a kernel.";
  if (histogram === undefined) return "Asking for counts…";
  if (head.settled) return "No counts: no job of these is done.";
  const whose = choice.circuit === null ? "the first job" : `circuit ${choice.circuit}`;
  return `No counts yet: they appear as soon as ${whose} is done.`;
}

function Filled({ histogram, plotly }: { histogram: Histogram; plotly: PlotlyApi | null }) {
  const bars = useMemo(() => barsOf(histogram), [histogram]);
  const rest = restCaption(histogram);
  const whose = histogram.circuit === null ? "all circuits" : `circuit ${histogram.circuit}`;
  return (
    <>
      <Chart bars={bars} plotly={plotly} label={`Counts of ${whose}, ${caption(histogram)}`} />
      <p class="qjm-caption">{caption(histogram)}</p>
      {rest !== null && <p class="qjm-caption">{rest}</p>}
      <details class="qjm-as-table">
        <summary>Counts as a table</summary>
        <div class="qjm-counts-scroller">
          <table>
            <thead>
              <tr>
                <th scope="col">Outcome</th>
                <th scope="col">Shots</th>
                <th scope="col">Share</th>
              </tr>
            </thead>
            <tbody>
              {bars.map((bar) => (
                <tr key={bar.key}>
                  <th scope="row">
                    <bdi>{bar.key}</bdi>
                  </th>
                  <td>{count(bar.count)}</td>
                  <td>{`${((100 * bar.count) / Math.max(1, histogram.shots)).toFixed(1)} %`}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </>
  );
}

interface CircuitProps {
  circuits: number;
  choice: Choice;
  onChoice: (choice: Choice) => void;
}

function CircuitChoice({ circuits, choice, onChoice }: CircuitProps) {
  const last = circuits - 1;
  return (
    <>
      <select
        class="qjm-select"
        aria-label="Whose counts"
        value={choice.circuit === null ? "all" : "one"}
        onChange={(event) =>
          onChoice({ ...choice, circuit: event.currentTarget.value === "all" ? null : 0 })
        }
      >
        <option value="all">All circuits</option>
        <option value="one">One circuit</option>
      </select>
      {choice.circuit !== null && (
        <input
          class="qjm-input"
          type="number"
          aria-label={`Circuit, 0 to ${last}`}
          min={0}
          max={last}
          value={choice.circuit}
          onInput={(event) => {
            const circuit = event.currentTarget.valueAsNumber;
            // Half-typed numbers wait for the rest.
            if (Number.isInteger(circuit) && circuit >= 0 && circuit <= last) {
              onChoice({ ...choice, circuit });
            }
          }}
        />
      )}
    </>
  );
}
