/** Validation of histograms, groups and timelines from the kernel. */
import { key, kind, line, list, Malformed, nullable, number, type Read, shape } from "./fields";
import type { Attempt, Choice, Grouping, Groups, Histogram, Timeline } from "./wire";

const choice = shape<Choice>({
  circuit: nullable(number),
  name: nullable(key),
  metadata: nullable((value, where) => {
    const [name, found] = list(key)(value, where);
    return [key(name, where), key(found, where)];
  }),
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

const group: Read<[string, number]> = (value, where) => {
  if (!Array.isArray(value)) throw new Malformed(where);
  return [key(value[0], where), number(value[1], where)];
};

const grouping = { groups: list(group), of: number };

export const groups = shape<Groups>({
  kind: kind("groups"),
  v: number,
  names: shape<Grouping>(grouping),
  metadata: list(shape<Grouping & { key: string }>({ key, ...grouping })),
  registers: list(key),
});

const attempt: Read<Attempt> = (value, where) => {
  const [job, attempt, sent, running, ended, status] = list(nullable(number))(value, where);
  const some = (found: number | null | undefined) => number(found, where);
  return [some(job), some(attempt), some(sent), running ?? null, ended ?? null, some(status)];
};

export const timeline = shape<Timeline>({
  kind: kind("timeline"),
  v: number,
  jobs: number,
  bars: nullable(list(attempt)),
  steps: nullable(shape({ at: list(number), waiting: list(number), running: list(number) })),
});
