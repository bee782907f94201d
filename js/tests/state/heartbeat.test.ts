import { describe, expect, it } from "vitest";
import { FakeKernel } from "../../demo/fake_kernel";
import { button, type Shown, scenario, settle, show, useFakeTime } from "../helpers";

useFakeTime();

const hellos = ({ kernel }: Shown) => kernel.sent.filter(({ kind }) => kind === "hello").length;

/** A kernel whose messages arrive only as answers. */
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
  /** The set changes, but the page gets no message. */
  changeUnseen(lead: string): void {
    this.set.lead = lead;
    this.publish();
  }
}

describe("a panel that receives nothing", () => {
  it("asks after 30 s, and shows what it missed with a way to ask again", async () => {
    const kernel = new Pulled(scenario("middle"));
    const page = show(kernel);
    await settle();
    expect(page.el.textContent).not.toContain("Refresh");
    kernel.changeUnseen("7 of 10 done");
    kernel.changeUnseen("8 of 10 done");
    await settle(29_000);
    expect(page.el.textContent).not.toContain("8 of 10 done");
    await settle(2_000);
    expect(page.el.textContent).toContain("8 of 10 done");
    expect(page.el.textContent).toContain("updates arrive only on request here");

    kernel.changeUnseen("9 of 10 done");
    button(page.el, "Refresh").click();
    await settle();
    expect(page.el.textContent).toContain("9 of 10 done");
    kernel.changeUnseen("10 of 10 done");
    await settle(5_500);
    expect(page.el.textContent).toContain("10 of 10 done");
  });

  it("stays quiet where messages arrive by themselves", async () => {
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
