/**
 * Load Plotly once per page: request it from the kernel gzipped, decompress and import it. Panels are separate
 * models, so the promise is stored on the page and not in this module.
 */
import { inflate } from "../components/inflate";

export interface PlotlyApi {
  react(el: HTMLElement, data: object[], layout: object, config: object): Promise<unknown>;
  update(el: HTMLElement, data: object, layout: object, traces: number[]): Promise<unknown>;
  purge(el: HTMLElement): void;
}

const KEY = "qjm_widgets.plotly";
type Page = Record<string, Promise<PlotlyApi> | undefined>;

/** Return Plotly. The promise rejects if the bytes do not arrive or cannot be imported; the next call retries. */
export function loadPlotly(
  request: () => Promise<Blob>,
  evaluate: (source: Blob) => Promise<PlotlyApi> = evaluateModule,
): Promise<PlotlyApi> {
  const page = globalThis as unknown as Page;
  const known = page[KEY];
  if (known !== undefined) return known;
  const loading = request()
    .then(inflate)
    .then(evaluate)
    .catch((error: unknown) => {
      delete page[KEY];
      throw error;
    });
  page[KEY] = loading;
  return loading;
}

/**
 * Plotly's build sets a global on `window`, and so replaces one that the notebook may have. These lines restore
 * that one in the same evaluation, so no other code sees ours.
 */
const BEFORE = `const names = ["Plotly", "moduleName"];
const kept = names.map((name) => Object.getOwnPropertyDescriptor(globalThis, name));
`;
const AFTER = `
const ours = globalThis.Plotly;
names.forEach((name, i) => {
  delete globalThis[name];
  if (kept[i]) Object.defineProperty(globalThis, name, kept[i]);
});
export default ours;
`;

async function evaluateModule(source: Blob): Promise<PlotlyApi> {
  const url = URL.createObjectURL(new Blob([BEFORE, source, AFTER], { type: "text/javascript" }));
  try {
    const module: { default: PlotlyApi } = await import(url);
    return module.default;
  } finally {
    URL.revokeObjectURL(url);
  }
}
