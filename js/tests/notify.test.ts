import { afterEach, describe, expect, it, vi } from "vitest";
import { button, type Shown, scenario, settle, show, useFakeTime } from "./helpers";

useFakeTime();
afterEach(() => {
  vi.unstubAllGlobals();
  localStorage.clear();
});

/** Fake notifications, and the reader's answer to the request for permission. */
function notifications(answer: NotificationPermission) {
  const said: { title: string; body: string; tag: string }[] = [];
  class Fake {
    static permission: NotificationPermission = "default";
    static requestPermission = vi.fn(async () => {
      Fake.permission = answer;
      return answer;
    });
    constructor(title: string, { body = "", tag = "" }: NotificationOptions) {
      said.push({ title, body, tag });
    }
    close(): void {}
  }
  vi.stubGlobal("Notification", Fake);
  vi.stubGlobal("isSecureContext", true);
  return { said, asked: Fake.requestPermission };
}

const BELL = "Notify me when it finishes";

function hide(hidden: boolean): void {
  vi.spyOn(document, "hidden", "get").mockReturnValue(hidden);
}

async function finish({ kernel }: Shown): Promise<void> {
  Object.assign(kernel.set, { settled: true, lead: "9 of 10 done", line: "1 failed" });
  kernel.publish();
  await settle();
}

describe("a notification", () => {
  it("is off by default", async () => {
    const { said, asked } = notifications("granted");
    hide(true);
    const page = show(scenario("middle"));
    await settle();
    expect(button(page.el, BELL).getAttribute("aria-pressed")).toBe("false");
    await finish(page);
    expect(said).toEqual([]);
    expect(asked).not.toHaveBeenCalled();
  });

  it("says that a set has finished while its notebook is hidden, if it is on", async () => {
    const { said, asked } = notifications("granted");
    hide(false);
    const page = show(scenario("middle"));
    await settle();
    button(page.el, BELL).click();
    await settle();
    expect(button(page.el, BELL).getAttribute("aria-pressed")).toBe("true");
    hide(true);
    await finish(page);
    const tag = "qjm-0123456789abcdef0123456789abcdef";
    expect(said).toEqual([{ title: "bell sweep", body: "9 of 10 done, 1 failed", tag }]);
    page.kernel.publish();
    await settle();
    expect(said).toHaveLength(1);

    // The next set knows the choice, and the browser is not asked again.
    page.close();
    const next = show(scenario("middle"));
    await settle();
    button(next.el, BELL).click();
    await settle();
    await finish(next);
    expect(said).toHaveLength(1);
    expect(asked).toHaveBeenCalledTimes(1);
  });

  it("is not shown while the notebook is visible", async () => {
    const { said } = notifications("granted");
    localStorage.setItem("qjm-notify", "on");
    (Notification as { permission: string }).permission = "granted";
    hide(false);
    const page = show(scenario("middle"));
    await settle();
    vi.spyOn(page.el, "getClientRects").mockReturnValue([{}] as never);
    await finish(page);
    expect(said).toEqual([]);
  });

  it("is not offered where the reader or the browser does not allow it", async () => {
    notifications("denied");
    const page = show(scenario("middle"));
    await settle();
    button(page.el, BELL).click();
    await settle();
    expect(button(page.el, BELL).disabled).toBe(true);
    page.close();

    vi.stubGlobal("isSecureContext", false);
    const other = show(scenario("middle"));
    await settle();
    expect(() => button(other.el, BELL)).toThrow("no button");
  });

  it("is not offered for a set that is over", async () => {
    notifications("granted");
    const page = show(scenario("end"));
    await settle();
    expect(() => button(page.el, BELL)).toThrow("no button");
  });
});
