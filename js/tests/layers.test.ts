/** Imports between folders run one way, and no module imports itself through others. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const SRC = resolve(import.meta.dirname, "../src");

/** What each folder and each module at the top may import beside itself: only what is listed above it. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  text: [],
  mount: [],
  protocol: ["text"],
  state: ["protocol"],
  notify: ["state", "text"],
  components: ["protocol"],
  charts: ["components", "protocol", "state", "text"],
  table: ["components", "protocol", "state", "text"],
  panel: ["charts", "components", "notify", "protocol", "state", "table", "text"],
  history: ["components", "protocol", "state", "text"],
  group: ["charts", "components", "protocol", "state", "text"],
  "history.tsx": ["components", "history", "mount"],
  "group.tsx": ["group", "mount"],
  "index.tsx": ["charts", "components", "mount", "notify", "panel", "state"],
};

const modules = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((file) =>
  /\.tsx?$/.test(file),
);

function importsOf(file: string): string[] {
  const source = readFileSync(join(SRC, file), "utf8");
  return [...source.matchAll(/from "(\.[^"]+)"/g)].map(([, path]) => {
    const target = relative(SRC, resolve(SRC, dirname(file), path ?? ""));
    const found = modules.find((module) => module.replace(/\.tsx?$/, "") === target);
    if (found === undefined) throw new Error(`${file} imports ${path}, which is not there`);
    return found;
  });
}

/** The folder of a file; at the top the entries keep their ending, one of them is named like a folder. */
function folderOf(file: string): string {
  return file.includes("/") ? dirname(file) : file.replace(/\.ts$/, "");
}

describe("imports", () => {
  it.each(modules)("of %s keep to the table", (file) => {
    const folder = folderOf(file);
    const allowed = ALLOWED[folder];
    expect(allowed, `${folder} is not in the table`).toBeDefined();
    const folders = importsOf(file).map(folderOf);
    expect(folders.filter((each) => each !== folder && !allowed?.includes(each))).toEqual([]);
  });

  it("make no circle of folders", () => {
    const folders = Object.keys(ALLOWED);
    for (const [i, folder] of folders.entries()) {
      expect(folders.slice(0, i), folder).toEqual(
        expect.arrayContaining([...(ALLOWED[folder] ?? [])]),
      );
    }
  });

  it("make no circle of modules", () => {
    const done = new Set<string>();
    const visit = (file: string, way: readonly string[]): void => {
      expect(way, "a circle").not.toContain(file);
      if (done.has(file)) return;
      for (const next of importsOf(file)) visit(next, [...way, file]);
      done.add(file);
    };
    for (const file of modules) visit(file, []);
  });
});

it("files stay small enough to be read at once", () => {
  const long = modules.filter(
    (file) => readFileSync(join(SRC, file), "utf8").split("\n").length > 300,
  );
  expect(long).toEqual([]);
});
