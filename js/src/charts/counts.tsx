/** The counts so far: whose and how, as a picture and as a table. */
import { render } from "preact";
import { useMemo, useRef, useState } from "preact/hooks";
import { Button } from "../components/button";
import { memo } from "../components/memo";
import { fileName, saveFile } from "../components/save_file";
import type { Choice, Groups, Histogram } from "../protocol/wire";
import { count } from "../text";
import { axisOf, type Bar, barsOf, caption, FIRST_LOOKS, type Looks, restCaption } from "./bars";
import { BarsSvg } from "./bars_svg";
import { Chart, HEIGHT } from "./chart";
import { Whose } from "./circuit_picker";
import { CountsOptions, type Format } from "./counts_options";
import { CountsTable } from "./counts_table";
import type { PlotlyApi } from "./plotly";
import { csv, png, svgText } from "./saving";

const TOPS = [16, 64, 256, 1024] as const;

interface Props {
  /** The set's. */
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

/** Left as it is while the counts are: statuses change far more often. */
export const Counts = memo(CountsView);

function CountsView(props: Props) {
  const { name, circuits, histogram, choice, groups, plotly, onChoice, onGroups } = props;
  const [looks, setLooks] = useState<Looks>(FIRST_LOOKS);
  const [options, setOptions] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  const bars = useMemo(
    () => (histogram === undefined ? [] : barsOf(histogram, looks)),
    [histogram, looks],
  );
  const label = histogram === undefined ? "" : `Counts of ${words(histogram)}`;
  const onSave = (format: Format) => {
    if (histogram === undefined || place.current === null) return;
    const file = `${fileName(name, "counts")}-counts.${format}`;
    const { shots } = histogram;
    if (format === "csv") saveFile(file, new Blob([csv(bars)], { type: "text/csv" }));
    else
      void savePicture(place.current, file, { bars, looks, shots, label, heading: [name, label] });
  };
  const filled = histogram !== undefined && histogram.keys.length > 0;
  return (
    <div class="qjm-counts" ref={place}>
      {/* Shown at the end of the tabs' line, and so before the choices for the keyboard too. */}
      <div class="qjm-counts-tools">
        {filled && histogram.expected !== null && (
          <Button
            small
            aria-pressed={looks.expected}
            onClick={() => setLooks({ ...looks, expected: !looks.expected })}
          >
            <span class="qjm-expected-mark" aria-hidden="true" />
            Expected
          </Button>
        )}
        <Button
          small
          aria-label="Options"
          title="Order, registers, bits, error bars, saving"
          aria-expanded={options}
          onClick={() => {
            if (!options) onGroups();
            setOptions(!options);
          }}
        >
          ⋯
        </Button>
      </div>
      <div class="qjm-choices">
        <Whose
          circuits={circuits}
          choice={choice}
          groups={groups}
          onChoice={onChoice}
          onGroups={onGroups}
        />
        <select
          class="qjm-select"
          aria-label="Counts or probability"
          value={looks.probability ? "probability" : "counts"}
          onChange={(event) =>
            setLooks({ ...looks, probability: event.currentTarget.value === "probability" })
          }
        >
          <option value="counts">Counts</option>
          <option value="probability">Probability</option>
        </select>
        <select
          class="qjm-select"
          aria-label="How many outcomes"
          // As text: a number never equals what the page has, and would be set again at each update.
          value={String(choice.top)}
          onChange={(event) => onChoice({ ...choice, top: Number(event.currentTarget.value) })}
        >
          {TOPS.map((top) => (
            <option key={top} value={String(top)}>{`Top ${count(top)}`}</option>
          ))}
        </select>
      </div>
      {options && (
        <CountsOptions
          choice={choice}
          looks={looks}
          groups={groups}
          onChoice={onChoice}
          onLooks={setLooks}
          onSave={onSave}
        />
      )}
      {filled ? (
        <Filled histogram={histogram} bars={bars} looks={looks} label={label} plotly={plotly} />
      ) : (
        <p class="qjm-empty">{emptyWords(props)}</p>
      )}
    </div>
  );
}

/** Whose counts they are, and how far they are. */
function words(histogram: Histogram): string {
  const { circuit, name, metadata, register, bits } = histogram.choice;
  const whose = [
    circuit !== null && `circuit ${circuit}`,
    name !== null && `circuits named ${name}`,
    metadata !== null && `circuits with ${metadata[0]} ${metadata[1]}`,
  ].find((part) => part !== false);
  const which = [
    whose ?? "all circuits",
    register !== null && `register ${register}`,
    bits !== null && `bits ${bits.join(", ")}`,
    caption(histogram),
  ];
  return which.filter((part) => part !== false).join(", ");
}

function emptyWords({ settled, histogram, choice, connected }: Props): string {
  if (histogram === undefined && !connected) return "These counts need a kernel.";
  if (histogram === undefined) return "Asking for counts…";
  if (histogram.notes.length > 0) return `No counts. ${histogram.notes.join(". ")}.`;
  if (histogram.of === 0) return "No circuit is in this group.";
  if (settled) return "No counts: no job of these is done.";
  const whose =
    choice.circuit !== null
      ? `circuit ${choice.circuit}`
      : choice.name === null && choice.metadata === null
        ? "the first job"
        : "the first of these";
  return `No counts yet: they appear as soon as ${whose} is done.`;
}

interface FilledProps {
  histogram: Histogram;
  bars: readonly Bar[];
  looks: Looks;
  label: string;
  plotly: PlotlyApi | null;
}

function Filled({ histogram, bars, looks, label, plotly }: FilledProps) {
  const rest = restCaption(histogram, axisOf(bars, looks.errors).cut);
  const { expected, shots, notes } = histogram;
  return (
    <>
      <Chart bars={bars} looks={looks} shots={shots} plotly={plotly} label={label} />
      <div class="qjm-captions">
        <p class="qjm-caption">{caption(histogram)}</p>
        {expected !== null && looks.expected && (
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

interface Drawn {
  bars: readonly Bar[];
  looks: Looks;
  shots: number;
  label: string;
  heading: readonly string[];
}

/** Drawn anew inside the panel, where the theme's colours are, and taken away again. */
async function savePicture(place: HTMLElement, file: string, drawn: Drawn): Promise<void> {
  const width = Math.max(480, place.clientWidth);
  const height = HEIGHT + 90;
  const host = document.createElement("div");
  host.className = "qjm-unseen";
  place.append(host);
  try {
    render(<BarsSvg {...drawn} width={width} height={height} />, host);
    const drawing = host.querySelector("svg");
    if (drawing === null) return;
    const ground = getComputedStyle(place.closest(".qjm-panel") ?? place).backgroundColor;
    const text = svgText(drawing, ground);
    const svg = new Blob([text], { type: "image/svg+xml" });
    saveFile(file, file.endsWith(".svg") ? svg : await png(text, width, height, ground));
  } finally {
    render(null, host);
    host.remove();
  }
}
