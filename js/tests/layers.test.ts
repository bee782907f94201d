/** Imports run one way: wire <- state <- view; sync knows no view; only the entries join them. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const SRC = resolve(import.meta.dirname, "../src");

/** What each module may import; view modules may also import each other. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  wire_charts: [],
  wire: ["wire_charts"],
  text: [],
  actions: ["wire"],
  fields: ["text"],
  decode_counts: ["fields", "wire"],
  decode: ["decode_counts", "fields", "text", "wire"],
  state: ["wire"],
  derive: ["state", "wire"],
  find: ["derive", "state", "wire"],
  history_wire: ["wire"],
  history_decode: ["fields", "history_wire", "text"],
  history_state: ["history_wire", "state"],
  history_sync: ["history_decode", "history_state", "history_wire", "sync"],
  keep_up: ["state"],
  notify: ["state"],
  plotly: [],
  sync: ["actions", "decode", "state", "wire"],
  index: ["keep_up", "notify", "plotly", "sync", "view"],
  history: ["history_sync", "view"],
  view: [
    ...["actions", "derive", "find", "history_state", "history_sync", "history_wire"],
    ...["notify", "plotly", "state", "text", "wire", "view"],
  ],
};

const modules = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((file) =>
  /\.tsx?$/.test(file),
);

function layer(file: string): string {
  return file.startsWith("view") ? "view" : file.replace(/\.tsx?$/, "");
}

describe("layers", () => {
  it.each(modules)("%s", (file) => {
    const allowed = ALLOWED[layer(file)];
    expect(allowed, `${file} has no place in the table above`).toBeDefined();
    const source = readFileSync(join(SRC, file), "utf8");
    const imports = [...source.matchAll(/from "(\.[^"]+)"/g)].map(([, path]) =>
      layer(relative(SRC, resolve(SRC, dirname(file), path ?? ""))),
    );
    expect(imports.filter((path) => !allowed?.includes(path))).toEqual([]);
  });

  it("files stay small enough to be read at once", () => {
    const long = modules.filter(
      (file) => readFileSync(join(SRC, file), "utf8").split("\n").length > 300,
    );
    expect(long).toEqual([]);
  });
});
