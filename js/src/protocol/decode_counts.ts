/** Validation of histograms, sweeps, groups and timelines from the kernel. */
import {
  flag,
  key,
  kind,
  line,
  list,
  Malformed,
  nullable,
  number,
  pair,
  type Read,
  shape,
  tuple,
} from "./fields";
import type {
  Attempt,
  Axes,
  Choice,
  ExecutionSpan,
  Grid,
  Grouping,
  Groups,
  Histogram,
  Series,
  Sweep,
  Timeline,
} from "./wire";

const choice = shape<Choice>({
  circuit: nullable(number),
  name: nullable(key),
  metadata: nullable(tuple<[string, string]>(key, key)),
  register: nullable(key),
  bits: nullable(list(number)),
  top: number,
});

const histogramShape = shape<Histogram>({
  choice,
  jobs: number,
  of: number,
  shots: number,
  keys: list(key),
  counts: list(number),
  rest: shape({ outcomes: number, shots: number }),
  expected: nullable(
    shape({ values: list(number), rest: number, fidelity: number, distance: number }),
  ),
  notes: list(line),
  estimates: nullable(list(line)),
});

export const histogram: Read<Histogram> = (value, where) => {
  const read = histogramShape(value, where);
  const { length } = read.keys;
  if (read.counts.length !== length) throw new Malformed(`${where}.counts`);
  if (read.expected !== null && read.expected.values.length !== length) {
    throw new Malformed(`${where}.expected`);
  }
  return read;
};

const names = list(key);
const numbers = list(number);
const gaps = list(nullable(number));
const seriesShape = shape<Series>({
  name: line,
  x: numbers,
  y: gaps,
  low: gaps,
  high: gaps,
  joined: flag,
  expected: flag,
});

const series: Read<Series> = (value, where) => {
  const read = seriesShape(value, where);
  if ([read.y, read.low, read.high].some(({ length }) => length !== read.x.length)) {
    throw new Malformed(where);
  }
  return read;
};

const gridShape = shape<Grid>({ x: numbers, y: numbers, values: list(gaps) });

const grid: Read<Grid> = (value, where) => {
  const read = gridShape(value, where);
  const { x, y, values } = read;
  if (values.length !== y.length || values.some(({ length }) => length !== x.length)) {
    throw new Malformed(where);
  }
  return read;
};

export const sweep = shape<Sweep>({
  axes: shape<Axes>({ x: nullable(names), y: nullable(names) }),
  x: names,
  y: names,
  xs: list(tuple<[string[], string]>(names, line)),
  ys: list(tuple<[string, string]>(key, line)),
  labels: list(line),
  caption: line,
  shares: flag,
  ends: pair,
  series: list(series),
  grid: nullable(grid),
  notes: list(line),
});

const grouping = { groups: list(tuple<[string, number]>(key, number)), of: number };

export const groups = shape<Groups>({
  kind: kind("groups"),
  v: number,
  names: shape<Grouping>(grouping),
  metadata: list(shape<Grouping & { key: string }>({ key, ...grouping })),
  registers: list(key),
});

const attempt = tuple<Attempt>(number, number, number, nullable(number), nullable(number), number);

export const timeline = shape<Timeline>({
  kind: kind("timeline"),
  v: number,
  jobs: number,
  bars: nullable(list(attempt)),
  spans: nullable(list(tuple<ExecutionSpan>(number, number, number))),
  steps: nullable(shape({ at: list(number), waiting: list(number), running: list(number) })),
});
