/** Details and actions of one set of the store. */
import { useEffect, useRef, useState } from "preact/hooks";
import { TextWithCode } from "../components/action_labels";
import { Button } from "../components/button";
import { Confirm } from "../components/confirm";
import { fileName } from "../components/save_file";
import { useResize } from "../components/use_resize";
import type { SetCommand, StoredSet } from "../protocol/history_wire";
import { precisionText, shotsText } from "../text";
import type { HistoryActions } from "./history_session";
import { type HistoryState, isPending } from "./history_state";

interface Props {
  state: HistoryState;
  actions: HistoryActions;
  set: StoredSet;
  name: string;
  drawerId: string;
  onDrawerHeight: (height: number) => void;
}

export function SetDrawer({ state, actions, set, name, drawerId, onDrawerHeight }: Props) {
  const drawer = useRef<HTMLElement>(null);
  const deleteButton = useRef<HTMLButtonElement>(null);
  const [confirming, setConfirming] = useState(false);
  const busy = state.connection === "disconnected" || isPending(state, set.id);
  const send = (command: SetCommand) => actions.commandSet(set.id, command);
  const answer = state.answers.get(set.id);

  useResize(drawer, (element) => onDrawerHeight(element.offsetHeight));

  return (
    <section class="qjm-set-drawer" id={drawerId} aria-label={`Details of ${name}`} ref={drawer}>
      <p class="qjm-muted">
        <span>{new Date(set.created).toLocaleString()}</span>
        {set.shots !== null && <span>{` · ${shotsText(set.shots)}`}</span>}
        {set.precision != null && <span>{` · ${precisionText(set.precision)}`}</span>}
        <span> · id </span>
        <code>{set.id}</code>
      </p>
      <Field
        label="Name"
        button="Rename"
        value={set.name}
        waiting={isPending(state, set.id, "rename")}
        disabled={busy}
        onSave={(value) => send({ do: "rename", name: value })}
      />
      <Field
        label="Tags"
        hint="separated by commas"
        button="Save tags"
        value={set.tags.join(", ")}
        allowEmpty
        waiting={isPending(state, set.id, "tag")}
        disabled={busy}
        onSave={(value) => send({ do: "tag", tags: value.split(",") })}
      />
      <Field
        label="Export to"
        hint="a path on the kernel's machine"
        button="Export"
        value={`${fileName(set.name, set.id)}.qjm`}
        allowUnchanged
        waiting={isPending(state, set.id, "export")}
        disabled={busy}
        onSave={(value) => send({ do: "export", path: value })}
      />
      <div class="qjm-set-foot">
        <Button small disabled={busy} onClick={() => send({ do: "download" })}>
          {isPending(state, set.id, "download") ? "sent…" : "Download"}
        </Button>
        <Button
          small
          variant="danger"
          ref={deleteButton}
          disabled={busy}
          aria-expanded={confirming}
          onClick={() => setConfirming(!confirming)}
        >
          {isPending(state, set.id, "delete") ? "sent…" : "Delete…"}
        </Button>
        {confirming && (
          <Confirm
            text="Delete this set and its results for good? Jobs at a provider are not cancelled."
            yes="Delete"
            no="Keep"
            danger
            onYes={() => {
              send({ do: "delete" });
              setConfirming(false);
            }}
            onNo={() => {
              setConfirming(false);
              deleteButton.current?.focus();
            }}
          />
        )}
      </div>
      <p class={`qjm-answer${answer?.ok === false ? " qjm-refused" : ""}`} role="status">
        {answer !== undefined && <TextWithCode text={answer.text} />}
      </p>
    </section>
  );
}

interface FieldProps {
  label: string;
  hint?: string;
  button: string;
  /** The stored value. The input is reset when it changes. */
  value: string;
  allowEmpty?: boolean;
  /** Whether the button is enabled for an unchanged value too. */
  allowUnchanged?: boolean;
  waiting: boolean;
  disabled: boolean;
  onSave: (value: string) => void;
}

function Field(props: FieldProps) {
  const { label, hint, button, value, allowEmpty, allowUnchanged, waiting, disabled, onSave } =
    props;
  const [draft, setDraft] = useState(value);
  useEffect(() => setDraft(value), [value]);
  const valid = allowEmpty === true || draft.trim() !== "";
  return (
    <form
      class="qjm-field"
      onSubmit={(event) => {
        event.preventDefault();
        if (valid && !disabled) onSave(draft);
      }}
    >
      <label>
        <span>{label}</span>
        <input
          class="qjm-input"
          value={draft}
          placeholder={hint}
          title={hint}
          spellcheck={false}
          onInput={(event) => setDraft(event.currentTarget.value)}
        />
      </label>
      <button
        type="submit"
        class="qjm-button qjm-button-small"
        disabled={disabled || !valid || (allowUnchanged !== true && draft === value)}
      >
        {waiting ? "sent…" : button}
      </button>
    </form>
  );
}
