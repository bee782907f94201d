/** The panel of a group: progress, the newest value, the trend, and the sets that failed. */
import { useRef, useState } from "preact/hooks";
import { Button } from "../components/button";
import { BAR_ORDER, STATUS_LABELS, StatusIcon } from "../components/status";
import { useResize } from "../components/use_resize";
import type { Group, Valued } from "../protocol/group_wire";
import { STATUSES, type Status } from "../protocol/wire";
import { count, duration, plural } from "../text";
import type { GroupActions, GroupState } from "./group_session";
import { TrendChart } from "./trend";
import { precise } from "./values";

interface Props {
  state: GroupState;
  actions: GroupActions;
  /** Milliseconds since 1970 UTC. */
  now: number;
}

export function GroupPanel({ state, actions, now }: Props) {
  const { group, problem } = state;
  return (
    <div class="qjm-group" data-lm-suppress-shortcuts="true">
      {[problem, group?.trouble].map(
        (text) =>
          text != null && (
            <p key={text} class="qjm-notice" role="alert">
              {text}
            </p>
          ),
      )}
      {group === null ? (
        <p class="qjm-empty">
          {state.connection === "disconnected"
            ? "Nothing to show: not connected to a kernel."
            : "Waiting for the kernel…"}
        </p>
      ) : (
        <Shown state={state} actions={actions} now={now} group={group} />
      )}
    </div>
  );
}

function Shown({ state, actions, now, group }: Props & { group: Group }) {
  return (
    <>
      <header class="qjm-group-head">
        <h3 class="qjm-group-name" title={group.name}>
          <bdi>{group.name}</bdi>
        </h3>
        <p class="qjm-muted qjm-group-facts">
          <bdi>{group.title}</bdi>
          {group.elsewhere !== null && (
            <>
              {" · driven by "}
              <bdi>{group.elsewhere}</bdi>
            </>
          )}
          {state.connection === "disconnected" && (
            <span class="qjm-offline"> · not connected to a kernel, or it is busy</span>
          )}
        </p>
        {group.sets > 0 && <p class="qjm-muted qjm-group-time">{timeText(state, group, now)}</p>}
      </header>
      <Bar group={group} />
      {group.sets === 0 ? (
        <p class="qjm-empty">
          <span>
            No set yet: <code>run</code> in the block of this group adds the first one.
          </span>
        </p>
      ) : (
        <Body state={state} actions={actions} group={group} />
      )}
      {group.problem !== null && <p class="qjm-group-note qjm-group-problem">{group.problem}</p>}
      <Chosen state={state} actions={actions} group={group} />
      <Failures state={state} actions={actions} group={group} />
      <p class="qjm-group-note qjm-refused" role="status">
        {state.refused}
      </p>
    </>
  );
}

/** The figures and the trend. */
function Body({ state, actions, group }: RowProps) {
  const { chosen, facts } = state;
  const frame = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useResize(frame, (element) => setWidth(element.clientWidth));
  return (
    <div class="qjm-group-body">
      <div class="qjm-figures">
        <Figure title={`Newest ${group.label}`} of={group.newest} onChoose={actions.choose} main />
        {group.newest !== null && group.sets > 1 && (
          <>
            <Figure title="Lowest" of={group.lowest} onChoose={actions.choose} />
            <Figure title="Highest" of={group.highest} onChoose={actions.choose} />
          </>
        )}
      </div>
      <div class="qjm-group-chart" ref={frame}>
        {width > 0 && (
          <TrendChart
            group={group}
            chosen={chosen}
            width={width}
            onChoose={actions.choose}
            onOpen={() => facts !== null && actions.open(facts.id)}
          />
        )}
      </div>
    </div>
  );
}

function timeText(state: GroupState, group: Group, now: number): string {
  if (!group.going) return `took ${duration(group.elapsed)}`;
  const since = state.connection === "connected" ? Math.max(0, now - state.at) : 0;
  return `running for ${duration(group.elapsed + since)}`;
}

function setsIn(group: Group, status: Status): number {
  return group.numbers[STATUSES.indexOf(status)] ?? 0;
}

function Bar({ group }: { group: Group }) {
  const present = BAR_ORDER.filter((status) => setsIn(group, status) > 0);
  const words = present.map((status) => `${count(setsIn(group, status))} ${STATUS_LABELS[status]}`);
  return (
    <div class="qjm-group-progress">
      <div class="qjm-group-bar" role="img" aria-label={`Sets: ${words.join(", ") || "none"}`}>
        {present.map((status) => (
          <span
            key={status}
            class={`qjm-group-segment qjm-is-${status}`}
            style={{ flexGrow: setsIn(group, status) }}
          />
        ))}
      </div>
      <p class="qjm-group-line">
        <b>{group.lead}</b>
        {group.line !== "" && `, ${group.line}`}
        {group.unread > 0 && (
          <span class="qjm-muted">{` · reading ${plural(group.unread, "value")}…`}</span>
        )}
      </p>
    </div>
  );
}

interface FigureProps {
  title: string;
  of: Valued | null;
  main?: boolean;
  onChoose: (number: number) => void;
}

function Figure({ title, of, main = false, onChoose }: FigureProps) {
  return (
    <div class={main ? "qjm-figure qjm-figure-main" : "qjm-figure"}>
      <p class="qjm-muted">{title}</p>
      <p class="qjm-figure-value">
        <b>{of === null ? "–" : precise(of[1])}</b>
        {of !== null && (
          <span class="qjm-muted">
            {" "}
            <ChooseLink number={of[0]} onChoose={onChoose} />
          </span>
        )}
      </p>
    </div>
  );
}

function ChooseLink({ number, onChoose }: { number: number; onChoose: (number: number) => void }) {
  return (
    <button type="button" class="qjm-link" onClick={() => onChoose(number)}>
      {`set ${count(number)}`}
    </button>
  );
}

interface RowProps {
  state: GroupState;
  actions: GroupActions;
  group: Group;
}

/** The set that the reader chose in the trend. */
function Chosen({ state, actions, group }: RowProps) {
  const { chosen, facts } = state;
  if (chosen === null) {
    return group.sets === 0 ? null : (
      <p class="qjm-muted qjm-group-note">Click the trend to choose a set.</p>
    );
  }
  return (
    <section class="qjm-group-set" aria-label="The chosen set">
      {facts === null ? (
        <p class="qjm-muted">{`Set ${count(chosen)}…`}</p>
      ) : (
        <>
          <StatusIcon status={facts.status} />
          <p class="qjm-group-text">
            <b>
              <bdi>{facts.name}</bdi>
            </b>
            {` · set ${count(facts.number)} · ${facts.text}`}
            {facts.value !== null && ` · ${precise(facts.value)}`}
            {facts.error !== "" && (
              <>
                {" · "}
                <bdi>{facts.error}</bdi>
              </>
            )}
            <span class="qjm-muted">{` · ${new Date(facts.created).toLocaleString()} · id `}</span>
            <code>{facts.id}</code>
          </p>
          <Opener state={state} actions={actions} group={group} id={facts.id} name={facts.name} />
        </>
      )}
      <Button small aria-label="Choose no set" onClick={() => actions.choose(null)}>
        ×
      </Button>
    </section>
  );
}

function Failures({ state, actions, group }: RowProps) {
  if (group.failures.length === 0) return null;
  const left = group.failed - group.failures.length;
  return (
    <section class="qjm-failures" aria-label="Sets that failed">
      <h4>{`${plural(group.failed, "set")} failed${setsIn(group, "held") > 0 ? " or held" : ""}`}</h4>
      <ul>
        {group.failures.map(([number, id, name, error]) => (
          <li key={id}>
            <StatusIcon status="error" />
            <p class="qjm-group-text">
              <b>
                <bdi>{name}</bdi>
              </b>
              {" · "}
              <ChooseLink number={number} onChoose={actions.choose} />
              {" · "}
              <bdi>{error}</bdi>
            </p>
            <Opener state={state} actions={actions} group={group} id={id} name={name} />
          </li>
        ))}
      </ul>
      {left > 0 && <p class="qjm-muted">{`… and ${count(left)} earlier`}</p>}
    </section>
  );
}

function Opener({ state, actions, group, id, name }: RowProps & { id: string; name: string }) {
  const open = group.opened === id;
  const label = open ? "Close" : "Open";
  return (
    <Button
      small
      disabled={state.connection === "disconnected" || state.pending !== null}
      aria-label={`${label} ${name}`}
      onClick={() => (open ? actions.close(id) : actions.open(id))}
    >
      {state.pending === id ? "sent…" : label}
    </Button>
  );
}
