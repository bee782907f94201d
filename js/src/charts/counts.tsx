/** The counts so far, as a chart and as a table, and the choice of circuits and outcomes. */
import { useMemo, useRef, useState } from "preact/hooks";
import { Button } from "../components/button";
import { memo } from "../components/memo";
import { fileName, saveFile } from "../components/save_file";
import type { Choice, Groups, Histogram } from "../protocol/wire";
import { count } from "../text";
import {
  axisOf,
  type Bar,
  barsOf,
  type ChartOptions,
  caption,
  DEFAULT_CHART_OPTIONS,
  restCaption,
} from "./bars";
import { BarsSvg } from "./bars_svg";
import { Chart, HEIGHT } from "./chart";
import { CircuitPicker } from "./circuit_picker";
import { CountsOptions, type Format, type SaveAll } from "./counts_options";
import { CountsTable } from "./counts_table";
import type { PlotlyApi } from "./plotly";
import { csv, savePicture } from "./saving";

const TOPS = [16, 64, 256, 1024] as const;

interface Props extends SaveAll {
  /** Name of the job set. */
  name: string;
  circuits: number;
  settled: boolean;
  /** Undefined until the kernel has answered the choice. */
  histogram: Histogram | undefined;
  choice: Choice;
  groups: Groups | null;
  connected: boolean;
  plotly: PlotlyApi | null;
  onChoice: (choice: Choice) => void;
  onGroups: () => void;
}

/** This component is memoized, because statuses change far more often than counts. */
export const Counts = memo(CountsView);

function CountsView(props: Props) {
  const { name, circuits, histogram, choice, groups, plotly, onChoice, onGroups } = props;
  const [options, setOptions] = useState<ChartOptions>(DEFAULT_CHART_OPTIONS);
  const [optionsOpen, setOptionsOpen] = useState(false);
  const container = useRef<HTMLDivElement>(null);
  const bars = useMemo(
    () => (histogram === undefined ? [] : barsOf(histogram, options)),
    [histogram, options],
  );
  const label = histogram === undefined ? "" : `Counts of ${describe(histogram)}`;
  const onSave = (format: Format) => {
    if (histogram === undefined || container.current === null) return;
    const file = `${fileName(name, "counts")}-counts.${format}`;
    const { shots } = histogram;
    if (format === "csv") saveFile(file, new Blob([csv(bars)], { type: "text/csv" }));
    else
      void savePicture(container.current, file, HEIGHT + 90, (width, height) => (
        <BarsSvg
          bars={bars}
          options={options}
          shots={shots}
          width={width}
          height={height}
          label={label}
          heading={[name, label]}
        />
      ));
  };
  const hasCounts = histogram !== undefined && histogram.keys.length > 0;
  const values = histogram?.estimates;
  if (values)
    return (
      <p class="qjm-empty qjm-estimates">{values.join("\n") || "No expectation values yet."}</p>
    );
  return (
    <div class="qjm-counts" ref={container}>
      {/* CSS moves these to the end of the tab row, so they come first in the Tab order too. */}
      <div class="qjm-counts-tools">
        {hasCounts && histogram.expected !== null && (
          <Button
            small
            aria-pressed={options.expected}
            onClick={() => setOptions({ ...options, expected: !options.expected })}
          >
            <span class="qjm-expected-mark" aria-hidden="true" />
            Expected
          </Button>
        )}
        <Button
          small
          aria-label="Options"
          title="Order, register, bits, error bars and saving"
          aria-expanded={optionsOpen}
          onClick={() => {
            if (!optionsOpen) onGroups();
            setOptionsOpen(!optionsOpen);
          }}
        >
          ⋯
        </Button>
      </div>
      <div class="qjm-choices">
        <CircuitPicker
          circuits={circuits}
          choice={choice}
          groups={groups}
          onChoice={onChoice}
          onGroups={onGroups}
        />
        <select
          class="qjm-select"
          aria-label="Counts or probability"
          value={options.probability ? "probability" : "counts"}
          onChange={(event) =>
            setOptions({ ...options, probability: event.currentTarget.value === "probability" })
          }
        >
          <option value="counts">Counts</option>
          <option value="probability">Probability</option>
        </select>
        <select
          class="qjm-select"
          aria-label="Number of outcomes"
          // This is a string, because Preact would set a number, which never equals the DOM value, at each update.
          value={String(choice.top)}
          onChange={(event) => onChoice({ ...choice, top: Number(event.currentTarget.value) })}
        >
          {TOPS.map((top) => (
            <option key={top} value={String(top)}>{`Top ${count(top)}`}</option>
          ))}
        </select>
      </div>
      {optionsOpen && (
        <CountsOptions {...props} options={options} onOptions={setOptions} onSave={onSave} />
      )}
      {hasCounts ? (
        <CountsChart
          histogram={histogram}
          bars={bars}
          options={options}
          label={label}
          plotly={plotly}
        />
      ) : (
        <p class="qjm-empty">{emptyText(props)}</p>
      )}
    </div>
  );
}

/** A description of the counts: their circuits, and the numbers of jobs and shots. */
function describe(histogram: Histogram): string {
  const { circuit, name, metadata, register, bits } = histogram.choice;
  const circuits = [
    circuit !== null && `circuit ${circuit}`,
    name !== null && `circuits named ${name}`,
    metadata !== null && `circuits with ${metadata[0]} ${metadata[1]}`,
  ].find((part) => part !== false);
  const which = [
    circuits ?? "all circuits",
    register !== null && `register ${register}`,
    bits !== null && `bits ${bits.join(", ")}`,
    caption(histogram),
  ];
  return which.filter((part) => part !== false).join(", ");
}

function emptyText({ settled, histogram, choice, connected }: Props): string {
  if (histogram === undefined && !connected) return "Counts of this choice need a kernel.";
  if (histogram === undefined) return "Loading counts…";
  if (histogram.notes.length > 0) return `No counts. ${histogram.notes.join(". ")}.`;
  if (histogram.of === 0) return "This group has no circuits.";
  if (settled) return "No counts: none of these jobs is done.";
  const first =
    choice.circuit !== null
      ? `circuit ${choice.circuit}`
      : choice.name === null && choice.metadata === null
        ? "the first job"
        : "the first of these jobs";
  return `No counts yet: they appear when ${first} is done.`;
}

interface FilledProps {
  histogram: Histogram;
  bars: readonly Bar[];
  options: ChartOptions;
  label: string;
  plotly: PlotlyApi | null;
}

function CountsChart({ histogram, bars, options, label, plotly }: FilledProps) {
  const rest = restCaption(histogram, axisOf(bars, options.errors).cut);
  const { expected, shots, notes } = histogram;
  return (
    <>
      <Chart bars={bars} options={options} shots={shots} plotly={plotly} label={label} />
      <div class="qjm-captions">
        <p class="qjm-caption">{caption(histogram)}</p>
        {expected !== null && options.expected && (
          <p class="qjm-caption qjm-likeness">
            <span>{`Hellinger fidelity ${expected.fidelity.toFixed(3)}`}</span>
            <span>{`Total variation distance ${expected.distance.toFixed(3)}`}</span>
          </p>
        )}
      </div>
      {rest !== null && <p class="qjm-caption">{rest}</p>}
      {notes.map((note) => (
        <p key={note} class="qjm-caption qjm-note">
          {note}
        </p>
      ))}
      <CountsTable bars={bars} />
    </>
  );
}
