/** Teaching mode: the lifecycle of a job as a diagram, and an explanation of what is hovered or focused. */
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { STATUS_LABELS, StatusIcon } from "../components/status";
import { STATUS_MASK, STATUSES, type Status } from "../protocol/wire";
import { statusOf } from "../state/selectors";
import type { State } from "../state/state";
import { HELP_TEXTS, STATUS_HELP, TAB_STOPS } from "./help_texts";

const STEPS: readonly Status[] = ["not_sent", "sending", "queued", "running"];
const FINAL_STEPS: readonly Status[] = ["done", "error", "cancelled", "held"];
/** Milliseconds of hovering before the explanation appears. */
const REST = 250;

interface Help {
  readonly text: string;
  readonly at: HTMLElement;
}

export function Teaching({ state }: { state: State }) {
  const section = useRef<HTMLElement>(null);
  const [hovered, setHovered] = useState<number | null>(null);
  const [help, setHelp] = useState<Help | null>(null);
  const id = useId();
  useHelp(section, state, setHovered, setHelp);
  useTabStops(section);
  const job = hovered !== null && hovered < state.statuses.length ? hovered : mostActiveJob(state);
  const current = job === null ? null : statusOf(state, job);
  return (
    <section class="qjm-life" aria-label="Lifecycle of a job" ref={section}>
      <span class="qjm-life-title">
        {job === null ? "Lifecycle of a job" : `Lifecycle of job ${job}`}
      </span>
      <ol class="qjm-steps">
        {STEPS.map((status) => (
          <li key={status}>
            <Step status={status} current={current} />
            <span aria-hidden="true">→</span>
          </li>
        ))}
        <li class="qjm-ends">
          {FINAL_STEPS.map((status) => (
            <Step key={status} status={status} current={current} />
          ))}
        </li>
      </ol>
      {help !== null && <Tip id={id} help={help} />}
    </section>
  );
}

function Step({ status, current }: { status: Status; current: Status | null }) {
  return (
    <span
      class={`qjm-step qjm-is-${status}`}
      data-status={status}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard has to reach its explanation
      tabIndex={0}
      aria-current={status === current ? "step" : undefined}
    >
      <StatusIcon status={status} />
      {STATUS_LABELS[status]}
    </span>
  );
}

/** The row of the most active job (running before waiting, waiting before finished); null without jobs. */
export function mostActiveJob(state: State): number | null {
  for (const status of ["running", "queued", "sending", "not_sent", "held"] as const) {
    const code = STATUSES.indexOf(status);
    const job = state.statuses.findIndex((byte) => (byte & STATUS_MASK) === code);
    if (job >= 0) return job;
  }
  return state.statuses.length > 0 ? state.statuses.length - 1 : null;
}

/** Track the pointer and the focus in the whole panel. */
function useHelp(
  section: { readonly current: HTMLElement | null },
  state: State,
  setHovered: (job: number | null) => void,
  setHelp: (help: Help | null) => void,
): void {
  const newest = useRef(state);
  newest.current = state;
  useEffect(() => {
    const panel = section.current?.closest<HTMLElement>(".qjm-panel");
    if (panel == null) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const find = (event: Event): Help | null => {
      const target = event.target instanceof Element ? event.target : null;
      const row = target?.closest<HTMLElement>("[data-row]");
      if (row != null) setHovered(Number(row.dataset.row));
      return target === null ? null : helpFor(target, newest.current);
    };
    const over = (event: Event) => {
      if (event.target instanceof Element && event.target.closest(".qjm-tip")) return;
      const found = find(event);
      clearTimeout(timer);
      timer = setTimeout(() => setHelp(found), REST);
    };
    const focus = (event: Event) => {
      clearTimeout(timer);
      setHelp(find(event));
    };
    const hide = () => {
      clearTimeout(timer);
      setHelp(null);
    };
    const key = (event: KeyboardEvent) => {
      if (event.key === "Escape") hide();
    };
    const controller = new AbortController();
    const { signal } = controller;
    panel.addEventListener("pointerover", over, { signal });
    panel.addEventListener("pointerleave", hide, { signal });
    panel.addEventListener("focusin", focus, { signal });
    panel.addEventListener("focusout", hide, { signal });
    panel.addEventListener("keydown", key, { signal });
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [section, setHovered, setHelp]);
}

/** The explanation of an element, and the element that it belongs to. */
export function helpFor(target: Element, state: State): Help | null {
  const step = target.closest<HTMLElement>("[data-status]");
  if (step !== null) {
    const status = STATUSES.find((name) => name === step.dataset.status);
    return status === undefined ? null : { text: STATUS_HELP[status], at: step };
  }
  const row = target.closest<HTMLElement>("[data-row]");
  const cell = target.closest(".qjm-cell");
  if (row !== null && (cell === null || cell.matches(".qjm-cell-status"))) {
    const text = STATUS_HELP[statusOf(state, Number(row.dataset.row))];
    return { text, at: cell instanceof HTMLElement ? cell : row };
  }
  const chip = target.closest<HTMLElement>(".qjm-chip, .qjm-segment");
  if (chip !== null) {
    const shown = chip.matches(".qjm-segment") ? chip : chip.querySelector(".qjm-icon");
    const status = STATUSES.find((name) => shown?.classList.contains(`qjm-is-${name}`));
    if (status !== undefined) return { text: STATUS_HELP[status], at: chip };
  }
  for (const [selector, text] of HELP_TEXTS) {
    const at = target.closest<HTMLElement>(selector);
    if (at !== null) return { text, at };
  }
  return null;
}

/** Add elements with an explanation to the Tab order while teaching mode is on. */
function useTabStops(section: { readonly current: HTMLElement | null }): void {
  const added = useRef(new Set<HTMLElement>());
  useEffect(() => {
    const panel = section.current?.closest(".qjm-panel");
    for (const element of panel?.querySelectorAll<HTMLElement>(TAB_STOPS) ?? []) {
      if (element.hasAttribute("tabindex")) continue;
      element.tabIndex = 0;
      added.current.add(element);
    }
  });
  useEffect(
    () => () => {
      for (const element of added.current) element.removeAttribute("tabindex");
    },
    [],
  );
}

/** The tooltip: below its element, or above if there is no room; always inside the panel. */
function Tip({ id, help }: { id: string; help: Help }) {
  const tip = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = tip.current;
    const panel = element?.closest<HTMLElement>(".qjm-panel");
    if (element == null || panel == null) return;
    const frame = panel.getBoundingClientRect();
    const box = help.at.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = element;
    const left = Math.min(box.left - frame.left, frame.width - width - 8);
    const below = box.bottom - frame.top + 4;
    const above = box.top - frame.top - height - 4;
    const last = frame.height - height - 8;
    const top = below <= last ? below : above >= 8 ? above : last;
    element.style.left = `${Math.max(8, left)}px`;
    element.style.top = `${top}px`;
    help.at.setAttribute("aria-describedby", id);
    return () => help.at.removeAttribute("aria-describedby");
  }, [id, help]);
  return (
    <div class="qjm-tip" id={id} role="tooltip" ref={tip}>
      {help.text}
    </div>
  );
}
