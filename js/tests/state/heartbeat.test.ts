import { afterEach, describe, expect, it, vi } from "vitest";
import { FakeKernel } from "../../demo/fake_kernel";
import { button, type Shown, scenario, settle, show, useFakeTime } from "../helpers";

useFakeTime();
afterEach(() => {
  vi.unstubAllGlobals();
  localStorage.clear();
});

const hellos = ({ kernel }: Shown) => kernel.sent.filter(({ kind }) => kind === "hello").length;

/** A kernel whose messages arrive only as answers to what the page says. */
class Pulled extends FakeKernel {
  private answers = false;
  override send(message: Parameters<FakeKernel["send"]>[0]): void {
    this.answers = message.kind === "hello";
    super.send(message);
    this.answers = false;
  }
  override message(...args: Parameters<FakeKernel["message"]>): void {
    if (this.answers) super.message(...args);
  }
  /** The set goes on, and nobody hears of it. */
  goOn(lead: string): void {
    this.set.lead = lead;
    this.publish();
  }
}

describe("a panel to which nothing comes", () => {
  it("asks after 30 s, and shows what it missed with a way to ask again", async () => {
    const kernel = new Pulled(scenario("middle"));
    const page = show(kernel);
    await settle();
    expect(page.el.textContent).not.toContain("Refresh");
    kernel.goOn("7 of 10 done");
    kernel.goOn("8 of 10 done");
    await settle(29_000);
    expect(page.el.textContent).not.toContain("8 of 10 done");
    await settle(2_000);
    expect(page.el.textContent).toContain("8 of 10 done");
    expect(page.el.textContent).toContain("updates arrive only on request here");

    kernel.goOn("9 of 10 done");
    button(page.el, "Refresh").click();
    await settle();
    expect(page.el.textContent).toContain("9 of 10 done");
    kernel.goOn("10 of 10 done");
    await settle(5_500);
    expect(page.el.textContent).toContain("10 of 10 done");
  });

  it("has nothing to say where messages come by themselves", async () => {
    const page = show(scenario("middle"));
    await settle();
    for (let i = 0; i < 4; i++) {
      await settle(15_000);
      page.kernel.publish();
    }
    expect(hellos(page)).toBe(1);
    await settle(65_000);
    expect(hellos(page)).toBe(3);
    expect(page.el.textContent).not.toContain("Refresh");
  });

  it("leaves a finished set alone", async () => {
    const page = show(scenario("end"));
    await settle(120_000);
    expect(hellos(page)).toBe(1);
  });

  it("is asked again by hand where no kernel answered", async () => {
    const kernel = new FakeKernel(scenario("middle"));
    kernel.answering = false;
    kernel.setTrait("snapshot", kernel.snapshot());
    const page = show(kernel);
    await settle(200_000);
    expect(page.el.textContent).toContain("not connected to a kernel");
    kernel.answering = true;
    button(page.el, "Refresh").click();
    await settle();
    expect(page.el.textContent).not.toContain("not connected to a kernel");
  });

  it("asks again by itself where no kernel answered, but not for ever", async () => {
    const kernel = new FakeKernel(scenario("middle"));
    kernel.answering = false;
    const page = show(kernel);
    await settle(600_000);
    expect(hellos(page)).toBe(5);
    page.close();

    const late = new FakeKernel(scenario("middle"));
    late.answering = false;
    const other = show(late);
    await settle(3_500);
    late.answering = true;
    await settle(1_000);
    expect(other.el.textContent).toContain("6 of 10 done");
  });
});

/** The browser's notifications, and what the reader says when it asks. */
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

  it("says that a set has finished while nobody looks, once it was asked for", async () => {
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

  it("is not needed by who looks", async () => {
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
