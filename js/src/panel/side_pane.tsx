/** What stands beside the table: the counts, or when the jobs waited and ran. */
import { useRef } from "preact/hooks";
import { Counts } from "../charts/counts";
import type { PlotlyApi } from "../charts/plotly";
import { TimelineView } from "../charts/timeline";
import type { Choice, Head } from "../protocol/wire";
import type { Actions } from "../state/actions";
import { histogramFor } from "../state/selectors";
import type { State } from "../state/state";

const TABS = ["counts", "timeline"] as const;
export type Tab = (typeof TABS)[number];
const WORDS: Readonly<Record<Tab, string>> = { counts: "Counts", timeline: "Timeline" };

interface Props {
  state: State;
  head: Head;
  actions: Actions;
  plotly: PlotlyApi | null;
  /** The page's clock; it stands still where nothing moves. */
  now: number;
  tab: Tab;
  choice: Choice;
  onTab: (tab: Tab) => void;
  onChoice: (choice: Choice) => void;
}

export function Pane(props: Props) {
  const { state, head, actions, plotly, now, tab, choice, onTab, onChoice } = props;
  return (
    <div class="qjm-pane">
      <Tabs tab={tab} onTab={onTab} />
      {/* Hidden and not taken away: what was chosen there stays. */}
      <div role="tabpanel" aria-label={WORDS.counts} hidden={tab !== "counts"}>
        <Counts
          name={head.name}
          circuits={head.circuits}
          settled={head.settled}
          histogram={histogramFor(state, choice)}
          choice={choice}
          groups={state.groups}
          connected={state.connection !== "silent"}
          plotly={plotly}
          onChoice={onChoice}
          onGroups={actions.groups}
        />
      </div>
      {tab === "timeline" && (
        <div role="tabpanel" aria-label={WORDS.timeline}>
          <TimelineView state={state} plotly={plotly} now={now} />
        </div>
      )}
    </div>
  );
}

function Tabs({ tab, onTab }: Pick<Props, "tab" | "onTab">) {
  const list = useRef<HTMLDivElement>(null);
  return (
    <div
      class="qjm-tabs"
      role="tablist"
      aria-label="Beside the jobs"
      ref={list}
      onKeyDown={(event) => {
        if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
        const other = TABS.find((each) => each !== tab) ?? tab;
        event.preventDefault();
        onTab(other);
        list.current?.querySelector<HTMLElement>(`[data-tab=${other}]`)?.focus();
      }}
    >
      {TABS.map((each) => (
        <button
          key={each}
          type="button"
          role="tab"
          class="qjm-tab"
          data-tab={each}
          aria-selected={each === tab}
          tabIndex={each === tab ? 0 : -1}
          onClick={() => onTab(each)}
        >
          {WORDS[each]}
        </button>
      ))}
    </div>
  );
}
