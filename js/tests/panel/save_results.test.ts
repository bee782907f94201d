import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it, vi } from "vitest";
import { FakeKernel } from "../../demo/fake_kernel";
import { NOW } from "../../demo/scenarios";
import { button, type Shown, scenario, settle, show, useFakeTime } from "../helpers";

useFakeTime(NOW);
afterEach(() => {
  vi.restoreAllMocks();
});

/** The files that the browser is given. */
function downloads(): { name: string; file: Blob }[] {
  const files: { name: string; file: Blob }[] = [];
  const made = vi.spyOn(URL, "createObjectURL").mockReturnValue("blob:file");
  vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (
    this: HTMLAnchorElement,
  ) {
    files.push({ name: this.download, file: made.mock.lastCall?.[0] as Blob });
  });
  return files;
}

async function shown(name: string, pane: string): Promise<Shown & { pane: HTMLElement }> {
  const kernel = new FakeKernel(scenario(name));
  const made = show(kernel);
  await settle(400);
  const found = made.el.querySelector(pane) as HTMLElement;
  button(found, "Options").click();
  await settle();
  return { ...made, pane: found };
}

describe("all results as CSV", () => {
  it.each([
    ["sweep", ".qjm-sweep", "rabi-scan-results.csv"],
    ["middle", ".qjm-counts", "bell-sweep-results.csv"],
  ])("are saved from the options of %s", async (name, pane, file) => {
    const files = downloads();
    const made = await shown(name, pane);
    const text = "circuit,name\n0,bell\n";
    made.kernel.results = new Uint8Array(gzipSync(text));
    button(made.pane, "All results as CSV").click();
    await vi.waitFor(() => expect(files).toHaveLength(1));
    expect(files[0]?.name).toBe(file);
    expect(await files[0]?.file.text()).toBe(text);
    expect(button(made.pane, "All results as CSV").disabled).toBe(false);
  });

  it("are asked for once, and a refusal is shown", async () => {
    const files = downloads();
    const { kernel, pane, el } = await shown("sweep", ".qjm-sweep");
    kernel.answering = false;
    button(pane, "All results as CSV").click();
    await settle();
    expect(button(pane, "saving…").disabled).toBe(true);
    const asked = kernel.sent.findLast((each) => each.kind === "command");
    expect(asked).toMatchObject({ do: "save_results", rows: null });
    kernel.answering = true;
    kernel.send(asked as never);
    await settle();
    expect(el.querySelector('[role="alert"]')?.textContent).toContain("nothing to save yet");
    expect(button(pane, "All results as CSV").disabled).toBe(false);
    expect(files).toEqual([]);
  });

  it("need a kernel", async () => {
    const { kernel, pane, el } = await shown("sweep", ".qjm-sweep");
    kernel.answering = false;
    kernel.emit("comm_live_update");
    await settle(3_100);
    expect(pane.textContent).not.toContain("All results as CSV");
    button(el, "Save as CSV");
  });
});
