import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it, vi } from "vitest";
import { loadPlotly, type PlotlyApi } from "../../src/charts/plotly";

const KEY = "qjm_widgets.plotly";
const api = {} as PlotlyApi;

function gzipped(text: string): Blob {
  return new Blob([new Uint8Array(gzipSync(text))]);
}

afterEach(() => {
  delete (globalThis as Record<string, unknown>)[KEY];
});

describe("Plotly", () => {
  it("is asked for once a page and inflated", async () => {
    const request = vi.fn(async () => gzipped("the source"));
    const evaluate = vi.fn(async (_source: Blob) => api);
    const both = await Promise.all([loadPlotly(request, evaluate), loadPlotly(request, evaluate)]);
    expect(both).toEqual([api, api]);
    expect(request).toHaveBeenCalledTimes(1);
    expect(await evaluate.mock.calls[0]?.[0].text()).toBe("the source");
  });

  it("is asked for again after a failure", async () => {
    const failing = () => Promise.reject(new Error("no kernel"));
    await expect(loadPlotly(failing)).rejects.toThrow("no kernel");
    await expect(
      loadPlotly(
        async () => gzipped("x"),
        async () => api,
      ),
    ).resolves.toBe(api);
  });

  it("that is not gzip is a failure and not a hang", async () => {
    const rubbish = async () => new Blob([new Uint8Array([1, 2, 3])]);
    await expect(loadPlotly(rubbish, async () => api)).rejects.toThrow();
  });
});
