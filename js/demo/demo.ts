/**
 * The panel without Jupyter: #SCENARIO&teaching&theme=dark&width=480&open=2&press=Cancel all&offline&live
 * What the page does with recorded messages is seen here, with a kernel made up in fake_kernel.ts.
 */
import history from "../src/history";
import panel from "../src/index";
import { FakeKernel } from "./fake_kernel";
import { FakeStore, storedSets } from "./fake_store";
import { NOW, SCENARIOS } from "./scenarios";

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
  return history.render({ model: new FakeStore(storedSets(1204)) as never, el: stage });
}

function showPanel(stage: HTMLElement, scenario: string, wanted: URLSearchParams) {
  const make = SCENARIOS[scenario] ?? SCENARIOS.middle;
  if (make === undefined) throw new Error("no scenarios");
  const kernel = new FakeKernel({ ...make(), teaching: wanted.has("teaching") });
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
