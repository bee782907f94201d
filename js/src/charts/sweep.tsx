/** The sweep so far, as a chart and as a table, and the choice of its axes. */
import { useRef, useState } from "preact/hooks";
import { Button } from "../components/button";
import { memo } from "../components/memo";
import { fileName, saveFile } from "../components/save_file";
import type { Axes, Sweep } from "../protocol/wire";
import { HEIGHT } from "./chart";
import { type Format, type SaveAll, SaveButtons } from "./counts_options";
import { HeatMap } from "./heat_map";
import { Legend, Lines } from "./lines_svg";
import { cell, savePicture } from "./saving";
import { number, rows, titles } from "./scales";
import { useFrame } from "./theme";

const MOST_ROWS = 1_100;

interface Props extends SaveAll {
  name: string;
  settled: boolean;
  connected: boolean;
  /** Undefined until the kernel has answered the choice. */
  sweep: Sweep | undefined;
  axes: Axes;
  onAxes: (axes: Axes) => void;
}

/** Memoized: statuses change far more often than results. */
export const SweepView = memo(View);

function View(props: Props) {
  const { connected, sweep } = props;
  const container = useRef<HTMLDivElement>(null);
  const last = useRef(sweep);
  const { width } = useFrame(container);
  // Until the answer to a new choice comes, the menus and the last chart stay.
  if (sweep !== undefined) last.current = sweep;
  const shown = sweep ?? last.current;
  return (
    // Mounted before the first sweep, so that its width is known.
    <div class="qjm-sweep" ref={container}>
      {shown === undefined ? (
        <p class="qjm-empty">{connected ? "Loading the sweep…" : "This sweep needs a kernel."}</p>
      ) : (
        <Filled {...props} shown={shown} width={Math.max(200, (width || 400) - 20)} />
      )}
    </div>
  );
}

interface FilledProps extends Props {
  shown: Sweep;
  width: number;
}

function Filled(props: FilledProps) {
  const { name, settled, shown, axes, width, onAxes } = props;
  const chart = useRef<HTMLDivElement>(null);
  const [errors, setErrors] = useState(true);
  const [optionsOpen, setOptionsOpen] = useState(false);
  const Chart = shown.grid === null ? Lines : HeatMap;
  const drawing = {
    sweep: shown,
    errors,
    label: `Sweep. ${shown.caption}`,
    gapText: settled ? "no results" : "no results yet",
  };
  const onSave = (format: Format) => {
    const file = `${fileName(name, "sweep")}-sweep.${format}`;
    if (format === "csv") saveFile(file, new Blob([csv(shown)], { type: "text/csv" }));
    else if (chart.current !== null)
      void savePicture(chart.current, file, HEIGHT + 40, (wide, height) => (
        <Chart {...drawing} width={wide} height={height} heading={[name, shown.caption]} />
      ));
  };
  return (
    <>
      <div class="qjm-counts-tools">
        <Button
          small
          aria-label="Options"
          title="Error bars and saving"
          aria-expanded={optionsOpen}
          onClick={() => setOptionsOpen(!optionsOpen)}
        >
          ⋯
        </Button>
      </div>
      <div class="qjm-choices">
        {shown.ys.length > 0 && (
          <>
            <select
              class="qjm-select"
              aria-label="Quantity"
              value={axes.y?.[0] ?? shown.y[0]}
              onChange={(event) => onAxes({ ...axes, y: [event.currentTarget.value] })}
            >
              {shown.ys.map(([id, label]) => (
                <option key={id} value={id}>
                  {label}
                </option>
              ))}
            </select>
            <span class="qjm-muted">over</span>
          </>
        )}
        <select
          class="qjm-select"
          aria-label="Coordinate"
          value={`${axes.x ?? shown.x}`}
          onChange={(event) => {
            const x = shown.xs.find(([names]) => `${names}` === event.currentTarget.value)?.[0];
            // What can be drawn over other coordinates may differ.
            onAxes({ x: x ?? null, y: null });
          }}
        >
          {shown.xs.map(([names, label]) => (
            <option key={label} value={`${names}`}>
              {label}
            </option>
          ))}
        </select>
      </div>
      {optionsOpen && (
        <div class="qjm-choices qjm-options" role="group" aria-label="Options for the sweep">
          {shown.grid === null && (
            <label class="qjm-option">
              <input
                type="checkbox"
                checked={errors}
                onChange={(event) => setErrors(event.currentTarget.checked)}
              />
              Error bars
            </label>
          )}
          <SaveButtons {...props} what="this sweep" onSave={onSave} />
        </div>
      )}
      <div class="qjm-chart" ref={chart} style={{ height: `${HEIGHT}px` }}>
        <Chart {...drawing} width={width} height={HEIGHT} />
      </div>
      <Legend series={shown.series} />
      <div class="qjm-captions">
        <p class="qjm-caption">{shown.caption}</p>
        {shown.grid === null && shown.y.length > 0 && errors && (
          <p class="qjm-caption">
            {`Error bars: ${shown.shares ? "95 % Wilson intervals" : "standard errors"}`}
          </p>
        )}
      </div>
      {shown.notes.map((note) => (
        <p key={note} class="qjm-caption qjm-note">
          {note}
        </p>
      ))}
      <Values sweep={shown} />
    </>
  );
}

function Values({ sweep }: { sweep: Sweep }) {
  const [open, setOpen] = useState(false);
  return (
    <details class="qjm-as-table" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Values as a table</summary>
      {open && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard
        <div class="qjm-counts-scroller" tabIndex={0} role="region" aria-label="Values as a table">
          <table>
            <thead>
              <tr>
                {titles(sweep).map((title) => (
                  <th key={title} scope="col">
                    {title}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows(sweep)
                .slice(0, MOST_ROWS)
                .map(([first = "", ...others], i) => (
                  <tr key={i}>
                    <th scope="row">{text(first)}</th>
                    {others.map((each, column) => (
                      <td key={column}>{text(each)}</td>
                    ))}
                  </tr>
                ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}

function text(value: string | number): string {
  return typeof value === "number" ? number(value) : value;
}

/** The drawn points as CSV. */
export function csv(sweep: Sweep): string {
  const lines = [titles(sweep), ...rows(sweep)].map((row) =>
    row.map((each) => (typeof each === "number" ? String(each) : cell(each))).join(","),
  );
  return `${lines.join("\n")}\n`;
}
