import { describe, expect, it, vi } from "vitest";
import { DEFAULT_CHART_OPTIONS } from "../../src/charts/bars";
import { draw, label, type Picture, traces } from "../../src/charts/plot";
import type { Theme } from "../../src/charts/theme";
import type { Histogram } from "../../src/protocol/wire";
import { bars, expected, histogram } from "./histograms";

describe("drawing with Plotly", () => {
  const theme = { bar: "#00f", rest: "#888" } as Theme;
  const picture = (change: Partial<Histogram> = {}, options = DEFAULT_CHART_OPTIONS): Picture => ({
    bars: bars(change, options),
    options,
    shots: histogram.shots,
    width: 400,
    height: 280,
    theme,
  });
  const plotly = () => ({
    react: vi.fn(async () => undefined),
    update: vi.fn(async (..._: unknown[]) => undefined),
    purge: vi.fn(),
  });

  it("only updates while the outcomes stay", async () => {
    const api = plotly();
    const el = document.createElement("div");
    await draw(api, el, picture(), null);
    await draw(api, el, picture({ counts: [310_000, 290_000] }), picture());
    await draw(api, el, picture({ keys: ["00", "10"] }), picture());
    expect(api.react).toHaveBeenCalledTimes(2);
    expect(api.update).toHaveBeenCalledTimes(1);
    expect(api.update.mock.calls[0]).toMatchObject([
      el,
      { y: [[310_000, 290_000, 24_400]] },
      {},
      [0],
    ]);
  });

  it("draws shares, intervals and what was expected", () => {
    const [measured, hoped] = traces(
      picture({ expected }, { ...DEFAULT_CHART_OPTIONS, probability: true }),
    );
    expect(measured?.y[0]).toBeCloseTo(0.472);
    expect(measured?.error_y?.array[0]).toBeCloseTo(0.00125, 4);
    expect(hoped?.y).toEqual([0.5, 0.5, null]);
    const [counted, ...others] = traces(picture({}, { ...DEFAULT_CHART_OPTIONS, errors: false }));
    expect(counted?.error_y).toBeUndefined();
    expect(others).toEqual([]);
  });

  it("takes markup in keys for text", () => {
    expect(label("<b>&</b>")).toBe("&lt;b&gt;&amp;&lt;/b&gt;");
  });
});
