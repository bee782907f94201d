import { barsOf, type ChartOptions, DEFAULT_CHART_OPTIONS } from "../../src/charts/bars";
import { DEFAULT_CHOICE, type Histogram } from "../../src/protocol/wire";

export const histogram: Histogram = {
  choice: { ...DEFAULT_CHOICE, top: 2 },
  jobs: 6,
  of: 10,
  shots: 614_400,
  keys: ["00", "11"],
  counts: [290_000, 300_000],
  rest: { outcomes: 2, shots: 24_400 },
  expected: null,
  notes: [],
};
export const expected = { values: [0.5, 0.5], rest: 0, fidelity: 0.96, distance: 0.04 };
export const bars = (change: Partial<Histogram> = {}, options: Partial<ChartOptions> = {}) =>
  barsOf({ ...histogram, ...change }, { ...DEFAULT_CHART_OPTIONS, ...options });
