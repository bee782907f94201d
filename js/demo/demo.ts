/**
 * The panel without Jupyter: #SCENARIO&theme=dark&width=480&open=2&press=Cancel all&offline&live
 * What the page does with recorded messages is seen here, with a kernel made up in fake_kernel.ts.
 */
import history from "../src/history";
import type { StoredSet } from "../src/history_state";
import panel from "../src/index";
import { FakeKernel, type FakeSet } from "./fake_kernel";
import { NOW, SCENARIOS } from "./scenarios";

const REFUSAL =
  "No backend named ibm_fez is known here. Make one, then run this in a cell:\n`manager.retrieve_job_set('d4').resume(backend)`";

const SETS: readonly StoredSet[] = [
  {
    id: "a1",
    name: "bell sweep",
    backend: "ibm_fez",
    circuits: 1000,
    jobs: 10,
    line: "10 of 10 done",
    created: Date.now() - 3 * 3_600_000,
    open: true,
    interrupted: false,
    note: "",
  },
  {
    id: "d4",
    name: "qaoa on a ring, depth 8",
    backend: "ibm_fez",
    circuits: 600,
    jobs: 6,
    line: "4 of 6 done · 1 queued, 1 not sent",
    created: Date.now() - 5 * 3_600_000,
    open: false,
    interrupted: true,
    note: "",
  },
  {
    id: "e5",
    name: "readout calibration",
    backend: "ibm_torino",
    circuits: 128,
    jobs: 2,
    line: "1 of 2 done · 1 running",
    created: Date.now() - 6 * 3_600_000,
    open: false,
    interrupted: false,
    note: "driven by another kernel",
  },
  {
    id: "b2",
    name: "vqe, 3rd try",
    backend: "aer_simulator",
    circuits: 40,
    jobs: 1,
    line: "1 of 1 done",
    created: Date.now() - 26 * 3_600_000,
    open: false,
    interrupted: false,
    note: "",
  },
  {
    id: "c3",
    name: "randomised benchmarking",
    backend: "ibm_torino",
    circuits: 100_000,
    jobs: 1000,
    line: "986 of 1,000 done · 14 failed",
    created: Date.now() - 9 * 86_400_000,
    open: false,
    interrupted: false,
    note: "",
  },
];

function show(): () => void {
  const wanted = new URLSearchParams(location.hash.slice(1));
  const scenario = [...wanted.keys()][0] ?? "middle";
  const dark = wanted.get("theme") === "dark";
  document.body.dataset.jpThemeLight = String(!dark);
  const stage = document.createElement("div");
  stage.style.maxWidth = wanted.has("width") ? `${wanted.get("width")}px` : "";
  document.querySelector("main")?.replaceChildren(stage);
  const clean = scenario === "history" ? showHistory(stage) : showPanel(stage, scenario, wanted);
  const press = wanted.get("press");
  if (press !== null) setTimeout(() => pressButton(stage, press), 100);
  return () => void clean();
}

function pressButton(stage: HTMLElement, words: string): void {
  const buttons = [...stage.querySelectorAll("button")];
  buttons.find(({ textContent }) => textContent?.startsWith(words))?.click();
}

function showHistory(stage: HTMLElement) {
  const model = new FakeKernel((SCENARIOS.end ?? SCENARIOS.middle)?.() as FakeSet);
  model.setTrait("sets", SETS);
  model.send = ({ kind, ...message }: { kind: string; id?: string }) => {
    const ok = kind !== "resume";
    const text = ok ? "is open below" : REFUSAL;
    setTimeout(() => model.message({ kind: "ack", v: 1, id: message.id, ok, text }), 50);
  };
  return history.render({ model: model as never, el: stage });
}

function showPanel(stage: HTMLElement, scenario: string, wanted: URLSearchParams) {
  const make = SCENARIOS[scenario] ?? SCENARIOS.middle;
  if (make === undefined) throw new Error("no scenarios");
  const kernel = new FakeKernel(make());
  kernel.plotly = async () => (await fetch("out/plotly-basic.min.js.gz")).arrayBuffer();
  kernel.setTrait("snapshot", kernel.snapshot());
  if (wanted.has("offline")) kernel.answering = false;
  const began = Date.now();
  const clean = panel.render({ model: kernel as never, el: stage });
  const timer = setInterval(() => {
    if (!wanted.has("live")) return;
    kernel.set.now = NOW + Date.now() - began;
    const { waiting } = kernel.set;
    if (waiting?.until != null && waiting.until < kernel.set.now - 800) {
      kernel.set.waiting = { ...waiting, until: waiting.until + 12_000 };
    }
    for (const key of Object.keys(kernel.set.counts)) {
      kernel.set.counts[key] = (kernel.set.counts[key] ?? 0) + Math.round(300 * Math.random());
    }
    kernel.publish();
  }, 100);
  const open = wanted.get("open");
  if (open !== null) {
    setTimeout(() => stage.querySelector<HTMLElement>(`[data-row="${open}"]`)?.click(), 100);
  }
  return () => {
    clearInterval(timer);
    clean();
  };
}

let clean = show();
addEventListener("hashchange", () => {
  clean();
  clean = show();
});
