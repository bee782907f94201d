/** Choose the circuits whose counts are shown: all, one, or a group. */
import { useEffect, useState } from "preact/hooks";
import type { Choice, Grouping, Groups } from "../protocol/wire";
import { plural } from "../text";

type Kind = "all" | "one" | "group";
const ALL = { circuit: null, name: null, metadata: null } as const;
/** The menu value for groups by name. Keys of metadata may be any text, so their menu values begin with a colon. */
const BY_NAME = "name";

interface Props {
  circuits: number;
  choice: Choice;
  groups: Groups | null;
  onChoice: (choice: Choice) => void;
  onGroups: () => void;
}

export function CircuitPicker({ circuits, choice, groups, onChoice, onGroups }: Props) {
  const [kind, setKind] = useState<Kind>(choice.circuit === null ? "all" : "one");
  const change = (next: Kind) => {
    setKind(next);
    onChoice({ ...choice, ...ALL, circuit: next === "one" ? 0 : null });
  };
  return (
    <>
      <select
        class="qjm-select"
        aria-label="Circuits"
        value={kind}
        onChange={(event) => change(event.currentTarget.value as Kind)}
      >
        <option value="all">All circuits</option>
        <option value="one">One circuit</option>
        <option value="group">A group</option>
      </select>
      {kind === "one" && <One circuits={circuits} choice={choice} onChoice={onChoice} />}
      {kind === "group" && (
        <Group choice={choice} groups={groups} onChoice={onChoice} onGroups={onGroups} />
      )}
    </>
  );
}

function One({ circuits, choice, onChoice }: Pick<Props, "circuits" | "choice" | "onChoice">) {
  const last = circuits - 1;
  const [wrong, setWrong] = useState(false);
  return (
    <input
      class="qjm-input"
      type="number"
      aria-label={`Circuit, 0 to ${last}`}
      min={0}
      max={last}
      aria-invalid={wrong}
      title={wrong ? `Circuits are numbered 0 to ${last}` : undefined}
      value={String(choice.circuit ?? 0)}
      onInput={(event) => {
        const circuit = event.currentTarget.valueAsNumber;
        const there = Number.isInteger(circuit) && circuit >= 0 && circuit <= last;
        setWrong(!there);
        // Ignore a number until it is valid.
        if (there) onChoice({ ...choice, circuit });
      }}
    />
  );
}

function Group({ choice, groups, onChoice, onGroups }: Omit<Props, "circuits">) {
  const [by, setBy] = useState(BY_NAME);
  useEffect(onGroups, []);
  const key = by === BY_NAME ? null : by.slice(1);
  const grouping = key === null ? groups?.names : groups?.metadata.find((each) => each.key === key);
  const pick = (label: string) =>
    onChoice({
      ...choice,
      ...ALL,
      ...(key === null ? { name: label } : { metadata: [key, label] as [string, string] }),
    });
  const chosen = key === null ? choice.name : (choice.metadata?.[1] ?? null);
  const first = grouping?.groups[0]?.[0];
  useEffect(() => {
    if (chosen === null && first !== undefined) pick(first);
  });
  if (groups === null) return <span class="qjm-muted">Loading…</span>;
  return (
    <>
      <select
        class="qjm-select"
        aria-label="Group circuits by"
        value={by}
        onChange={(event) => {
          setBy(event.currentTarget.value);
          onChoice({ ...choice, ...ALL });
        }}
      >
        <option value={BY_NAME}>By name</option>
        {groups.metadata.map((each) => (
          <option key={each.key} value={`:${each.key}`}>{`By ${each.key}`}</option>
        ))}
      </select>
      {grouping !== undefined && <Label grouping={grouping} chosen={chosen} onPick={pick} />}
    </>
  );
}

interface LabelProps {
  grouping: Grouping;
  chosen: string | null;
  onPick: (label: string) => void;
}

/** A menu, or a text field where there are too many groups for a menu. */
function Label({ grouping, chosen, onPick }: LabelProps) {
  if (grouping.groups.length < grouping.of) {
    return (
      <input
        class="qjm-input"
        type="text"
        aria-label="Group"
        value={chosen ?? ""}
        title={`Type one of ${plural(grouping.of, "group")}`}
        onChange={(event) => onPick(event.currentTarget.value)}
      />
    );
  }
  return (
    <select
      class="qjm-select"
      aria-label="Group"
      value={chosen ?? ""}
      onChange={(event) => onPick(event.currentTarget.value)}
    >
      {grouping.groups.map(([label, circuits]) => (
        <option key={label} value={label}>{`${label} (${circuits})`}</option>
      ))}
    </select>
  );
}
