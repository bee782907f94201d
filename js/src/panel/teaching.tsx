/** Teaching: the life of a job as a legend, and a sentence for everything that is pointed at or focused. */
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { STATUS_WORDS, StatusIcon } from "../components/status";
import { STATUSES, type Status } from "../protocol/wire";
import { statusOf } from "../state/selectors";
import type { State } from "../state/state";
import { SENTENCES, STATUS_SENTENCES, TOLD_BY_TAB } from "./help_texts";

const WAY: readonly Status[] = ["not_sent", "sending", "queued", "running"];
const ENDS: readonly Status[] = ["done", "error", "cancelled", "held"];
/** Milliseconds that the pointer rests before a sentence comes up. */
const REST = 250;

interface Told {
  readonly sentence: string;
  readonly at: HTMLElement;
}

export function Teaching({ state }: { state: State }) {
  const place = useRef<HTMLElement>(null);
  const [pointed, point] = useState<number | null>(null);
  const [told, tell] = useState<Told | null>(null);
  const id = useId();
  usePointing(place, state, point, tell);
  useReach(place);
  const job = pointed !== null && pointed < state.statuses.length ? pointed : liveliest(state);
  const lit = job === null ? null : statusOf(state, job);
  return (
    <section class="qjm-life" aria-label="The life of a job" ref={place}>
      <span class="qjm-life-title">
        {job === null ? "The life of a job" : `The life of a job: job ${job} is here`}
      </span>
      <ol class="qjm-steps">
        {WAY.map((status) => (
          <li key={status}>
            <Step status={status} lit={lit} />
            <span aria-hidden="true">→</span>
          </li>
        ))}
        <li class="qjm-ends">
          {ENDS.map((status) => (
            <Step key={status} status={status} lit={lit} />
          ))}
        </li>
      </ol>
      {told !== null && <Tip id={id} told={told} />}
    </section>
  );
}

function Step({ status, lit }: { status: Status; lit: Status | null }) {
  return (
    <span
      class={`qjm-step qjm-is-${status}`}
      data-status={status}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: its sentence is to be had by the keyboard too
      tabIndex={0}
      aria-current={status === lit ? "step" : undefined}
    >
      <StatusIcon status={status} />
      {STATUS_WORDS[status]}
    </span>
  );
}

/** The job that most is going on with: what runs before what waits, before what is over. */
export function liveliest(state: State): number | null {
  for (const status of ["running", "queued", "sending", "not_sent", "held"] as const) {
    const wanted = STATUSES.indexOf(status);
    const job = state.statuses.findIndex((byte) => (byte & 0x0f) === wanted);
    if (job >= 0) return job;
  }
  return state.statuses.length > 0 ? state.statuses.length - 1 : null;
}

/** Follows the pointer and the focus in the whole panel. */
function usePointing(
  place: { readonly current: HTMLElement | null },
  state: State,
  point: (job: number | null) => void,
  tell: (told: Told | null) => void,
): void {
  const newest = useRef(state);
  newest.current = state;
  useEffect(() => {
    const panel = place.current?.closest<HTMLElement>(".qjm-panel");
    if (panel == null) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const find = (event: Event): Told | null => {
      const target = event.target instanceof Element ? event.target : null;
      const row = target?.closest<HTMLElement>("[data-row]");
      if (row != null) point(Number(row.dataset.row));
      return target === null ? null : toldOf(target, newest.current);
    };
    const over = (event: Event) => {
      if (event.target instanceof Element && event.target.closest(".qjm-tip")) return;
      const found = find(event);
      clearTimeout(timer);
      timer = setTimeout(() => tell(found), REST);
    };
    const focus = (event: Event) => {
      clearTimeout(timer);
      tell(find(event));
    };
    const hide = () => {
      clearTimeout(timer);
      tell(null);
    };
    const key = (event: KeyboardEvent) => {
      if (event.key === "Escape") hide();
    };
    panel.addEventListener("pointerover", over);
    panel.addEventListener("pointerleave", hide);
    panel.addEventListener("focusin", focus);
    panel.addEventListener("focusout", hide);
    panel.addEventListener("keydown", key);
    return () => {
      clearTimeout(timer);
      panel.removeEventListener("pointerover", over);
      panel.removeEventListener("pointerleave", hide);
      panel.removeEventListener("focusin", focus);
      panel.removeEventListener("focusout", hide);
      panel.removeEventListener("keydown", key);
    };
  }, [place, point, tell]);
}

/** The sentence for an element, and the element that it is about. */
export function toldOf(target: Element, state: State): Told | null {
  const step = target.closest<HTMLElement>("[data-status]");
  if (step !== null) {
    const status = STATUSES.find((each) => each === step.dataset.status);
    return status === undefined ? null : { sentence: STATUS_SENTENCES[status], at: step };
  }
  const row = target.closest<HTMLElement>("[data-row]");
  const cell = target.closest(".qjm-cell");
  if (row !== null && (cell === null || cell.matches(".qjm-cell-status"))) {
    const sentence = STATUS_SENTENCES[statusOf(state, Number(row.dataset.row))];
    return { sentence, at: cell instanceof HTMLElement ? cell : row };
  }
  const chip = target.closest<HTMLElement>(".qjm-chip, .qjm-segment");
  if (chip !== null) {
    const shown = chip.matches(".qjm-segment") ? chip : chip.querySelector(".qjm-icon");
    const status = STATUSES.find((each) => shown?.classList.contains(`qjm-is-${each}`));
    if (status !== undefined) return { sentence: STATUS_SENTENCES[status], at: chip };
  }
  for (const [selector, sentence] of SENTENCES) {
    const at = target.closest<HTMLElement>(selector);
    if (at !== null) return { sentence, at };
  }
  return null;
}

/** What is no control and yet has a sentence is put in the way of Tab, as long as the panel teaches. */
function useReach(place: { readonly current: HTMLElement | null }): void {
  const reached = useRef(new Set<HTMLElement>());
  useEffect(() => {
    const panel = place.current?.closest(".qjm-panel");
    for (const element of panel?.querySelectorAll<HTMLElement>(TOLD_BY_TAB) ?? []) {
      if (element.hasAttribute("tabindex")) continue;
      element.tabIndex = 0;
      reached.current.add(element);
    }
  });
  useEffect(
    () => () => {
      for (const element of reached.current) element.removeAttribute("tabindex");
    },
    [],
  );
}

/** Below what it explains, or above where there is no room; always within the panel. */
function Tip({ id, told }: { id: string; told: Told }) {
  const tip = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = tip.current;
    const panel = element?.closest<HTMLElement>(".qjm-panel");
    if (element == null || panel == null) return;
    const frame = panel.getBoundingClientRect();
    const box = told.at.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = element;
    const left = Math.min(box.left - frame.left, frame.width - width - 8);
    const below = box.bottom - frame.top + 4;
    const above = box.top - frame.top - height - 4;
    const last = frame.height - height - 8;
    const top = below <= last ? below : above >= 8 ? above : last;
    element.style.left = `${Math.max(8, left)}px`;
    element.style.top = `${top}px`;
    told.at.setAttribute("aria-describedby", id);
    return () => told.at.removeAttribute("aria-describedby");
  }, [id, told]);
  return (
    <div class="qjm-tip" id={id} role="tooltip" ref={tip}>
      {told.sentence}
    </div>
  );
}
