/** The tabs beside the table: counts and timeline. */
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
const TAB_LABELS: Readonly<Record<Tab, string>> = { counts: "Counts", timeline: "Timeline" };

interface Props {
  state: State;
  head: Head;
  actions: Actions;
  plotly: PlotlyApi | null;
  /** The page's clock, in milliseconds since 1970 UTC. */
  now: number;
  tab: Tab;
  choice: Choice;
  onTab: (tab: Tab) => void;
  onChoice: (choice: Choice) => void;
}

export function SidePane(props: Props) {
  const { state, head, actions, plotly, now, tab, choice, onTab, onChoice } = props;
  return (
    <div class="qjm-pane">
      <Tabs tab={tab} onTab={onTab} />
      {/* Hidden instead of unmounted, so that the choices are kept. */}
      <div role="tabpanel" aria-label={TAB_LABELS.counts} hidden={tab !== "counts"}>
        <Counts
          name={head.name}
          circuits={head.circuits}
          settled={head.settled}
          histogram={histogramFor(state, choice)}
          choice={choice}
          groups={state.groups}
          connected={state.connection !== "disconnected"}
          plotly={plotly}
          onChoice={onChoice}
          onGroups={actions.groups}
        />
      </div>
      {tab === "timeline" && (
        <div role="tabpanel" aria-label={TAB_LABELS.timeline}>
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
      aria-label="Counts and timeline"
      ref={list}
      onKeyDown={(event) => {
        if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
        const step = event.key === "ArrowRight" ? 1 : TABS.length - 1;
        const other = TABS[(TABS.indexOf(tab) + step) % TABS.length] ?? tab;
        event.preventDefault();
        onTab(other);
        list.current?.querySelector<HTMLElement>(`[data-tab=${other}]`)?.focus();
      }}
    >
      {TABS.map((name) => (
        <button
          key={name}
          type="button"
          role="tab"
          class="qjm-tab"
          data-tab={name}
          aria-selected={name === tab}
          tabIndex={name === tab ? 0 : -1}
          onClick={() => onTab(name)}
        >
          {TAB_LABELS[name]}
        </button>
      ))}
    </div>
  );
}
