/** The tabs beside the table: sweep, counts and timeline. */
import { useCallback, useRef } from "preact/hooks";
import { Counts } from "../charts/counts";
import type { PlotlyApi } from "../charts/plotly";
import { SweepView } from "../charts/sweep";
import { TimelineView } from "../charts/timeline";
import { type Axes, axesKey, type Choice, type Head } from "../protocol/wire";
import type { Actions } from "../state/actions";
import { histogramFor, pendingForAll } from "../state/selectors";
import type { State } from "../state/state";

const TABS = ["sweep", "counts", "timeline"] as const;
export type Tab = (typeof TABS)[number];
const TAB_LABELS: Readonly<Record<Tab, string>> = {
  sweep: "Sweep",
  counts: "Counts",
  timeline: "Timeline",
};

interface Props {
  state: State;
  head: Head;
  actions: Actions;
  plotly: PlotlyApi | null;
  /** The page's clock, in milliseconds since 1970 UTC. */
  now: number;
  tab: Tab;
  choice: Choice;
  axes: Axes;
  onTab: (tab: Tab) => void;
  onChoice: (choice: Choice) => void;
  onAxes: (axes: Axes) => void;
}

export function SidePane(props: Props) {
  const { state, head, actions, plotly, now, tab, choice, onTab, onChoice } = props;
  const onSaveAll = useCallback(() => actions.command("save_results", null), [actions]);
  const saveAll = {
    onSaveAll: state.connection === "connected" ? onSaveAll : null,
    savingAll: pendingForAll(state, "save_results"),
  };
  return (
    <div class="qjm-pane">
      <Tabs tabs={head.first === "sum" ? TABS.slice(1) : TABS} tab={tab} onTab={onTab} />
      {tab === "sweep" && (
        <div role="tabpanel" aria-label={TAB_LABELS.sweep}>
          <SweepView
            {...saveAll}
            name={head.name}
            settled={head.settled}
            connected={state.connection !== "disconnected"}
            sweep={state.sweeps.get(axesKey(props.axes))}
            axes={props.axes}
            onAxes={props.onAxes}
          />
        </div>
      )}
      {/* Hidden instead of unmounted, so that the choices are kept. */}
      <div role="tabpanel" aria-label={TAB_LABELS.counts} hidden={tab !== "counts"}>
        <Counts
          {...saveAll}
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

interface TabsProps {
  tabs: readonly Tab[];
  tab: Tab;
  onTab: (tab: Tab) => void;
}

function Tabs({ tabs, tab, onTab }: TabsProps) {
  const list = useRef<HTMLDivElement>(null);
  return (
    <div
      class="qjm-tabs"
      role="tablist"
      aria-label="Results and timeline"
      ref={list}
      onKeyDown={(event) => {
        if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
        const step = event.key === "ArrowLeft" ? tabs.length - 1 : 1;
        const other = tabs[(tabs.indexOf(tab) + step) % tabs.length] ?? tab;
        event.preventDefault();
        onTab(other);
        list.current?.querySelector<HTMLElement>(`[data-tab=${other}]`)?.focus();
      }}
    >
      {tabs.map((name) => (
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
