import { afterEach, describe, expect, it, vi } from "vitest";
import { FakeKernel } from "../../demo/fake_kernel";
import { DEFAULT_CHOICE, type ToKernel } from "../../src/protocol/wire";
import { newId } from "../../src/state/connection";
import { connect } from "../../src/state/session";
import { NO_ANSWER } from "../../src/state/state";
import { scenario, settle, useFakeTime } from "../helpers";

useFakeTime();
afterEach(() => {
  vi.unstubAllGlobals();
});

function session(kernel = new FakeKernel(scenario("middle"))) {
  const saved: [name: string, file: Blob][] = [];
  const opened = connect(
    kernel as never,
    () => undefined,
    (name, file) => saved.push([name, file]),
  );
  opened.open();
  const sent = (kind: ToKernel["kind"]) => kernel.sent.filter((message) => message.kind === kind);
  return { kernel, opened, sent, saved };
}

describe("a session", () => {
  it("shows the saved trait before it says hello, and then the answer", () => {
    const kernel = new FakeKernel(scenario("middle"));
    kernel.answering = false;
    kernel.setTrait("snapshot", kernel.snapshot());
    const { opened, sent } = session(kernel);
    expect(opened.state.head?.name).toBe("bell sweep");
    expect(opened.state.connection).toBe("connecting");
    expect(sent("hello")).toHaveLength(1);
    kernel.message(kernel.update(true));
    expect(opened.state.connection).toBe("connected");
  });

  it("says after 3 s that no kernel is there, and recovers", async () => {
    const kernel = new FakeKernel(scenario("middle"));
    kernel.answering = false;
    kernel.setTrait("snapshot", kernel.snapshot());
    const { opened } = session(kernel);
    await settle(2_900);
    expect(opened.state.connection).toBe("connecting");
    await settle(200);
    expect(opened.state.connection).toBe("disconnected");
    kernel.publish();
    expect(opened.state.connection).toBe("connected");
  });

  it("says hello again when the front end has lost the kernel, and reports that none answers", async () => {
    const { kernel, opened, sent } = session();
    expect(opened.state.connection).toBe("connected");
    kernel.answering = false;
    kernel.emit("comm_live_update");
    expect(sent("hello")).toHaveLength(2);
    await settle(3_100);
    expect(opened.state.connection).toBe("disconnected");
    kernel.publish();
    expect(opened.state.connection).toBe("connected");
  });

  it("says hello after a gap, and only once until that is answered", () => {
    const { kernel, sent } = session();
    expect(sent("hello")).toHaveLength(1);
    kernel.answering = false;
    kernel.publish();
    kernel.publish({ seq: 9 });
    kernel.publish({ seq: 14 });
    expect(sent("hello")).toHaveLength(2);
    kernel.message({ ...kernel.update(true), seq: 20 });
    kernel.publish({ seq: 25 });
    expect(sent("hello")).toHaveLength(3);
  });

  it("sends its viewport once scrolling has paused", async () => {
    const { opened, sent } = session();
    for (let first = 0; first < 50; first++) {
      opened.setViewport({ first, last: first + 20, choice: DEFAULT_CHOICE, query: null });
    }
    expect(sent("look")).toHaveLength(0);
    await settle(60);
    expect(sent("look")).toMatchObject([{ first: 49, last: 69 }]);
    opened.setViewport({ first: 49, last: 69, choice: DEFAULT_CHOICE, query: null });
    await settle(60);
    expect(sent("look")).toHaveLength(1);
  });

  it("uses only the answer to its own latest query", async () => {
    const { kernel, opened, sent } = session();
    const viewport = { first: 0, last: 9, choice: DEFAULT_CHOICE };
    const query = { text: "", statuses: ["error" as const], sort: "job" as const, down: false };
    opened.setViewport({ ...viewport, query });
    expect(opened.state.queryPending).toBe(true);
    await settle(60);
    expect([...(opened.state.order ?? [])]).toEqual([2]);
    expect(opened.state.queryPending).toBe(false);

    expect(sent("look")).toMatchObject([{ asked: 1 }]);
    const orders = [{ view: "another", asked: 1, chosen: false }];
    kernel.publish({ orders });
    expect(opened.state.order).not.toBeNull();
    opened.setViewport({ ...viewport, query: null });
    kernel.publish();
    expect(opened.state.order, "an older query's").not.toBeNull();
    await settle(60);
    expect(opened.state.order).toBeNull();
  });

  it("gives up on a command after 10 s", async () => {
    const { kernel, opened } = session();
    kernel.answering = false;
    opened.command("cancel", [7]);
    await settle(9_900);
    expect(opened.state.notice).toBeNull();
    await settle(200);
    expect(opened.state.notice?.text).toBe(NO_ANSWER);
  });

  it("treats a closed comm as a kernel that does not answer", async () => {
    const { kernel, opened } = session();
    kernel.send = () => {
      throw new Error("comm is closed");
    };
    expect(() => opened.command("retry", null)).not.toThrow();
    await settle(10_100);
    expect(opened.state.notice?.text).toBe(NO_ANSWER);
  });

  it("keeps what it knew when a message cannot be read", () => {
    const { kernel, opened } = session();
    const before = opened.state.head;
    kernel.message({ kind: "update", v: 2 });
    expect(opened.state.problem).toContain("version 2");
    expect(opened.state.head).toBe(before);
    kernel.publish();
    expect(opened.state.problem).toBeNull();
  });

  it("joins the pieces of a file that it asked for, and ignores those of another view", async () => {
    const { kernel, opened, saved } = session();
    kernel.results = new Uint8Array([1, 2, 3, 4, 5]);
    kernel.message({ kind: "file", v: 1, id: "of another view" }, [
      new DataView(new ArrayBuffer(3)),
    ]);
    kernel.message({ kind: "ack", v: 1, id: "of another view", ok: true, text: "" });
    opened.command("save_results", null);
    expect(saved.map(([name]) => name)).toEqual(["bell sweep"]);
    const [[, file]] = saved as [(typeof saved)[number]];
    expect([...new Uint8Array(await file.arrayBuffer())]).toEqual([1, 2, 3, 4, 5]);
    expect(opened.state.commands.size, "no update shows that it was saved").toBe(0);
  });

  it("gives a file a minute", async () => {
    const { kernel, opened, saved } = session();
    kernel.answering = false;
    opened.command("save_results", null);
    await settle(59_900);
    expect(opened.state.notice).toBeNull();
    await settle(200);
    expect(opened.state.notice?.text).toBe(NO_ANSWER);
    const id = [...opened.state.commands.keys()][0] as string;
    kernel.message({ kind: "file", v: 1, id }, [new DataView(new ArrayBuffer(3))]);
    kernel.message({ kind: "ack", v: 1, id, ok: true, text: "" });
    expect(saved).toHaveLength(1);
    expect(opened.state.notice, "late, but it came").toBeNull();
  });

  it("ignores details that another view asked for", () => {
    const { kernel, opened } = session();
    const detail = { kind: "detail", v: 1, title: "t", error: null, history: [] };
    kernel.message({ ...detail, row: 4 });
    expect(opened.state.details.size).toBe(0);
    opened.detail(2);
    expect(opened.state.details.get(2)?.error).toContain("recalibrated");
  });

  it("hands Plotly's bytes over, or gives up after 10 s", async () => {
    const { kernel, opened } = session();
    kernel.plotly = async () => new Uint8Array([1, 2, 3]).buffer;
    expect((await opened.plotly()).size).toBe(3);
    kernel.answering = false;
    const asked = expect(opened.plotly()).rejects.toThrow("Plotly");
    await settle(10_100);
    await asked;
  });

  it("says bye, and then ignores messages and sends nothing", async () => {
    const { kernel, opened, sent } = session();
    opened.setViewport({ first: 0, last: 9, choice: DEFAULT_CHOICE, query: null });
    opened.close();
    expect(sent("bye")).toHaveLength(1);
    const { seq } = opened.state;
    kernel.publish();
    await settle(20_000);
    expect(opened.state.seq).toBe(seq);
    expect(sent("look")).toHaveLength(0);
  });

  it("makes ids where the page has no TLS", () => {
    const { getRandomValues } = crypto;
    vi.stubGlobal("crypto", { getRandomValues: getRandomValues.bind(crypto) });
    expect(newId()).toMatch(/^[0-9a-f]{32}$/);
    expect(newId()).not.toBe(newId());
  });
});
