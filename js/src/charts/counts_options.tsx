/** Less frequent choices: order, register, bits, error bars and saving. */
import { useState } from "preact/hooks";
import { PENDING_LABELS } from "../components/action_labels";
import { Button } from "../components/button";
import type { Choice, Groups } from "../protocol/wire";
import type { ChartOptions } from "./bars";

export type Format = "png" | "svg" | "csv";

interface Props extends SaveAll {
  choice: Choice;
  options: ChartOptions;
  groups: Groups | null;
  onChoice: (choice: Choice) => void;
  onOptions: (options: ChartOptions) => void;
  onSave: (format: Format) => void;
}

/** Saving the results of the whole set. */
export interface SaveAll {
  /** Null without a kernel, which makes the file. */
  onSaveAll: (() => void) | null;
  savingAll: boolean;
}

export function CountsOptions(props: Props) {
  const { choice, options, groups, onChoice, onOptions } = props;
  const registers = new Set(groups?.registers ?? []);
  if (choice.register !== null) registers.add(choice.register);
  return (
    <div class="qjm-choices qjm-options" role="group" aria-label="Options for counts">
      <select
        class="qjm-select"
        aria-label="Order of the outcomes"
        value={options.byValue ? "value" : "key"}
        onChange={(event) =>
          onOptions({ ...options, byValue: event.currentTarget.value === "value" })
        }
      >
        <option value="key">By bit string</option>
        <option value="value">Most frequent first</option>
      </select>
      {registers.size > 0 && (
        <select
          class="qjm-select"
          aria-label="Classical register"
          value={choice.register ?? ""}
          onChange={(event) =>
            onChoice({ ...choice, register: event.currentTarget.value || null, bits: null })
          }
        >
          <option value="">All registers</option>
          {[...registers].map((register) => (
            <option key={register} value={register}>{`Register ${register}`}</option>
          ))}
        </select>
      )}
      <Bits choice={choice} onChoice={onChoice} />
      <label class="qjm-option">
        <input
          type="checkbox"
          checked={options.errors}
          onChange={(event) => onOptions({ ...options, errors: event.currentTarget.checked })}
        />
        Error bars
      </label>
      <SaveButtons {...props} what="these counts" />
    </div>
  );
}

interface SaveProps extends SaveAll {
  what: string;
  onSave: (format: Format) => void;
}

export function SaveButtons({ what, onSave, onSaveAll, savingAll }: SaveProps) {
  return (
    <span class="qjm-save" role="group" aria-label={`Save ${what}`}>
      {(["png", "svg", "csv"] as const).map((format) => (
        <Button
          key={format}
          small
          aria-label={`Save as ${format.toUpperCase()}`}
          onClick={() => onSave(format)}
        >
          {format.toUpperCase()}
        </Button>
      ))}
      {onSaveAll !== null && (
        <Button
          small
          title="Save the results of all circuits and points so far"
          disabled={savingAll}
          onClick={onSaveAll}
        >
          {savingAll ? PENDING_LABELS.save_results : "All results as CSV"}
        </Button>
      )}
    </span>
  );
}

/** A field for bits such as "0, 2-4". Input that cannot be parsed is ignored. */
function Bits({ choice, onChoice }: Pick<Props, "choice" | "onChoice">) {
  const [text, setText] = useState(choice.bits?.join(", ") ?? "");
  const read = readBits(text);
  return (
    <input
      class="qjm-input qjm-bits"
      type="text"
      inputMode="numeric"
      aria-label="Bits, 0 is rightmost"
      placeholder="All bits"
      title="Bits to show, for example 0, 2-4. Bit 0 is the rightmost bit."
      aria-invalid={read === undefined}
      value={text}
      onInput={(event) => {
        const typed = event.currentTarget.value;
        setText(typed);
        const bits = readBits(typed);
        if (bits !== undefined) onChoice({ ...choice, bits });
      }}
    />
  );
}

const MOST_BITS = 4_096;

/** The bits, ascending; null for all of them, undefined for invalid input. */
export function readBits(text: string): number[] | null | undefined {
  if (text.trim() === "") return null;
  const bits = new Set<number>();
  for (const part of text.split(",")) {
    const found = /^\s*(\d+)\s*(?:[-–]\s*(\d+)\s*)?$/.exec(part);
    if (found === null) return undefined;
    const first = Number(found[1]);
    const last = Number(found[2] ?? found[1]);
    if (last < first || last >= MOST_BITS) return undefined;
    for (let bit = first; bit <= last; bit++) bits.add(bit);
  }
  return [...bits].sort((a, b) => a - b);
}
