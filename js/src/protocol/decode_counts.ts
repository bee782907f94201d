/** Validation of histograms, groups and timelines from the kernel. */
import {
  key,
  kind,
  line,
  list,
  Malformed,
  nullable,
  number,
  type Read,
  shape,
  tuple,
} from "./fields";
import type { Attempt, Choice, Grouping, Groups, Histogram, Timeline } from "./wire";

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
  steps: nullable(shape({ at: list(number), waiting: list(number), running: list(number) })),
});
