/** Made-up sweeps for the demo page and the tests. */
import type { Axes, Series, Sweep } from "../src/protocol/wire";

/** A line of which the points from `from` up to `to` have no result yet. */
function line(name: string, points: number, phase: number, from: number, to: number): Series {
  const x = Array.from({ length: points }, (_, i) => (2 * Math.PI * i) / (points - 1));
  const shares = x.map((at, i) => {
    const noise = 0.02 * Math.sin(37 * i + phase);
    const share = Math.sin(at / 2 + phase) ** 2 + noise;
    return i >= from && i < to ? null : Math.min(1, Math.max(0, share));
  });
  const moved = (by: number) =>
    shares.map((share) => (share === null ? null : Math.min(1, Math.max(0, share + by))));
  return {
    name,
    x,
    y: shares,
    low: moved(-0.03),
    high: moved(0.03),
    joined: true,
    expected: false,
  };
}

const RABI = {
  axes: { x: null, y: null },
  x: ["theta"],
  y: ["1"],
  xs: [
    [["theta"], "theta"],
    [["index"], "Point"],
  ],
  ys: [
    ["1", "P(1)"],
    ["0", "P(0)"],
  ],
  labels: ["theta", "P(1)", ""],
  shares: true,
  ends: [0, 2 * Math.PI],
  grid: null,
  notes: [],
} satisfies Partial<Sweep>;

/** 20,000 points, of which some have a result. */
export function rabi(axes: Axes, done: boolean): Sweep {
  const caption = `P(1) over theta · ${done ? "20,000" : "12,400"} of 20,000 points`;
  const from = done ? 600 : 400;
  return {
    ...RABI,
    axes,
    caption: `${caption} · up to 34 points drawn as one`,
    series: [line("", 589, 0, from, from + 140)],
  };
}

/** Few points of several circuits. */
export function bases(axes: Axes): Sweep {
  return {
    ...RABI,
    axes,
    caption: "P(1) over theta · 84 of 99 circuits",
    series: ["X", "Y", "Z"].map((basis, i) => line(`basis = ${basis}`, 33, i, 14, 19)),
    notes: ["Left out: 1 job with unreadable results"],
  };
}

/** A chevron over two coordinates, or a landscape of values of both signs. */
export function map(axes: Axes, shares: boolean): Sweep {
  const x = Array.from({ length: 48 }, (_, i) => i / 10);
  const y = Array.from({ length: 32 }, (_, i) => (i - 16) / 8);
  const value = (time: number, offset: number) => {
    const rate = Math.hypot(1, offset);
    const share = (Math.sin(1.5 * rate * time) / rate) ** 2;
    return shares ? share : Math.cos(3 * time) * Math.cos(2 * offset);
  };
  return {
    ...RABI,
    axes,
    x: ["time", "detuning"],
    xs: [
      [["time", "detuning"], "time and detuning"],
      [["time"], "time"],
    ],
    labels: ["time", "detuning", shares ? "P(1)" : "Expectation value"],
    caption: `${shares ? "P(1)" : "Expectation value"} over time and detuning · 1,344 of 1,536 points`,
    shares,
    series: [],
    grid: {
      x,
      y,
      values: y.map((offset, row) =>
        x.map((time) => (row > 20 && row < 25 ? null : value(time, offset))),
      ),
    },
  };
}
