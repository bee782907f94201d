/** What can be done with one set of the store beside opening it. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Words } from "../components/action_labels";
import { Button } from "../components/button";
import { Confirm } from "../components/confirm";
import { fileName } from "../components/save_file";
import type { SetDeed, StoredSet } from "../protocol/history_wire";
import { count, plural } from "../text";
import type { HistoryActions } from "./history_session";
import { type Deed, type HistoryState, isWaiting } from "./history_state";

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
  const asker = useRef<HTMLButtonElement>(null);
  const [asked, setAsked] = useState(false);
  const busy = state.connection === "silent" || isWaiting(state, set.id);
  const deed = (what: SetDeed) => actions.doSet(set.id, what);
  const said = state.said.get(set.id);

  useEffect(() => {
    const element = drawer.current;
    if (element === null || typeof ResizeObserver === "undefined") return;
    const observer = new ResizeObserver(() => onDrawerHeight(element.offsetHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, [onDrawerHeight]);

  return (
    <section class="qjm-set-drawer" id={drawerId} aria-label={`About ${name}`} ref={drawer}>
      <p class="qjm-muted">
        <span>{new Date(set.created).toLocaleString()}</span>
        {set.shots !== null && <span>{` · ${shots(set.shots)}`}</span>}
        <span> · id </span>
        <code>{set.id}</code>
      </p>
      <Field
        label="Name"
        button="Rename"
        value={set.name}
        waiting={waitsFor(state, set, "rename")}
        disabled={busy}
        onSave={(value) => deed({ do: "rename", name: value })}
      />
      <Field
        label="Tags"
        hint="separated by commas"
        button="Save tags"
        value={set.tags.join(", ")}
        mayBeEmpty
        waiting={waitsFor(state, set, "tag")}
        disabled={busy}
        onSave={(value) => deed({ do: "tag", tags: value.split(",") })}
      />
      <Field
        label="Export to"
        hint="a path where the kernel runs"
        button="Export"
        value={`${fileName(set.name, set.id)}.qjm`}
        always
        waiting={waitsFor(state, set, "export")}
        disabled={busy}
        onSave={(value) => deed({ do: "export", path: value })}
      />
      <div class="qjm-set-foot">
        <Button small disabled={busy} onClick={() => deed({ do: "download" })}>
          {waitsFor(state, set, "download") ? "sent…" : "Download"}
        </Button>
        <Button
          small
          look="danger"
          ref={asker}
          disabled={busy}
          aria-expanded={asked}
          onClick={() => setAsked(!asked)}
        >
          {waitsFor(state, set, "delete") ? "sent…" : "Delete…"}
        </Button>
        {asked && (
          <Confirm
            text="Delete this set and its results for good? Jobs at a provider are left alone."
            yes="Delete"
            no="Keep"
            danger
            onYes={() => {
              deed({ do: "delete" });
              setAsked(false);
            }}
            onNo={() => {
              setAsked(false);
              asker.current?.focus();
            }}
          />
        )}
      </div>
      <p class={`qjm-said${said?.ok === false ? " qjm-refused" : ""}`} role="status">
        {said !== undefined && <Words text={said.text} />}
      </p>
    </section>
  );
}

function waitsFor(state: HistoryState, set: StoredSet, deed: Deed): boolean {
  return isWaiting(state, set.id, deed);
}

function shots([fewest, most]: readonly [number, number]): string {
  return fewest === most ? plural(most, "shot") : `${count(fewest)}–${count(most)} shots`;
}

interface FieldProps {
  label: string;
  hint?: string;
  button: string;
  /** As the store has it; what was typed gives way where that changes. */
  value: string;
  mayBeEmpty?: boolean;
  /** Also where nothing was changed. */
  always?: boolean;
  waiting: boolean;
  disabled: boolean;
  onSave: (value: string) => void;
}

function Field(props: FieldProps) {
  const { label, hint, button, value, mayBeEmpty, always, waiting, disabled, onSave } = props;
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  const sensible = mayBeEmpty === true || typed.trim() !== "";
  return (
    <form
      class="qjm-field"
      onSubmit={(event) => {
        event.preventDefault();
        if (sensible && !disabled) onSave(typed);
      }}
    >
      <label>
        <span>{label}</span>
        <input
          class="qjm-input"
          value={typed}
          placeholder={hint}
          title={hint}
          spellcheck={false}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
      </label>
      <button
        type="submit"
        class="qjm-button qjm-button-small"
        disabled={disabled || !sensible || (always !== true && typed === value)}
      >
        {waiting ? "sent…" : button}
      </button>
    </form>
  );
}
