/** The toolbar above the table: search, or actions on selected rows. */
import { useEffect, useState } from "preact/hooks";
import { ACTION_LABELS } from "../components/action_labels";
import { Button } from "../components/button";
import type { Query, RowAction } from "../protocol/wire";
import type { Actions } from "../state/actions";
import { allows } from "../state/selectors";
import type { State } from "../state/state";
import { count, plural } from "../text";
import { possible, type Selection } from "./selection";

/** Milliseconds after the last key stroke before a search starts. */
const TYPING_DELAY = 200;

interface Props {
  state: State;
  actions: Actions;
  query: Query;
  /** Number of matching rows. */
  found: number;
  selection: Selection;
  inputRef: { current: HTMLInputElement | null };
  onText: (text: string) => void;
  onShowAll: () => void;
  onClear: () => void;
}

export function TableTools(props: Props) {
  return (
    <div class="qjm-tools">
      {props.selection.size > 0 ? <Selected {...props} /> : <Search {...props} />}
    </div>
  );
}

function Search({ state, query, found, inputRef, onText, onShowAll }: Props) {
  const [draft, setDraft] = useState(query.text);
  useEffect(() => setDraft(query.text), [query.text]);
  useEffect(() => {
    if (draft === query.text) return;
    const timer = setTimeout(() => onText(draft), TYPING_DELAY);
    return () => clearTimeout(timer);
  }, [draft, query.text, onText]);
  const jobs = state.statuses.length;
  const filtered = query.text !== "" || query.statuses.length > 0;
  return (
    <>
      <input
        ref={inputRef}
        type="search"
        class="qjm-input qjm-search"
        placeholder="Search by circuit, id or error"
        aria-label="Search jobs by circuit, id or error"
        maxLength={200}
        value={draft}
        onInput={(event) => setDraft(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") onText(draft);
          else if (event.key === "Escape" && draft !== "") onText("");
          else return;
          event.stopPropagation();
        }}
      />
      <span class="qjm-found" role="status">
        {filtered ? `${count(found)} of ${plural(jobs, "job")}` : plural(jobs, "job")}
      </span>
      {filtered && (
        <Button small onClick={onShowAll}>
          Show all
        </Button>
      )}
    </>
  );
}

const ACTIONS: readonly RowAction[] = ["cancel", "retry", "retry_held"];

function Selected({ state, actions, selection, onClear }: Props) {
  const can = possible(state, selection);
  return (
    <>
      <span class="qjm-found" role="status">
        <b>{count(selection.size)}</b> selected
      </span>
      {ACTIONS.map((action) => {
        const rows = can.get(action) ?? [];
        if (rows.length === 0 && action === "retry_held") return null;
        return (
          <Button
            key={action}
            small
            variant={action === "cancel" && rows.length > 0 ? "danger" : undefined}
            disabled={rows.length === 0 || !allows(state, action)}
            onClick={() => {
              actions.command(action, rows);
              onClear();
            }}
          >
            {`${ACTION_LABELS[action]} ${rows.length === 0 ? "" : count(rows.length)}`.trim()}
          </Button>
        );
      })}
      <Button small onClick={onClear}>
        Clear
      </Button>
    </>
  );
}
