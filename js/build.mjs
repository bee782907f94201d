/**
 * Builds the page's side into qjm_widgets/static, which is what the wheel ships.
 * With --demo: serves the demo page, fed with made-up messages, on this machine only.
 */
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, context, transform } from "esbuild";
import { minify } from "terser";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const out = here("../qjm_widgets/static");
/** Bytes as they are sent: every panel sends them again, and with its state stays below 120 kB. */
const PANEL_LIMIT = 47_500;

const common = {
  absWorkingDir: here("."),
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  jsx: "transform",
  jsxFactory: "h",
  jsxFragment: "Fragment",
  inject: ["jsx.mjs"],
  // tsconfig.json is for the type checker and vitest, which take the automatic form.
  tsconfigRaw: "{}",
  legalComments: "none",
  logLevel: "warning",
};

/** Node's zlib writes no time and no name into the header, so equal input gives equal bytes. */
async function plotlyGzip(target) {
  const source = createRequire(import.meta.url).resolve("plotly.js-basic-dist-min");
  await writeFile(target, gzipSync(await readFile(source), { level: 9 }));
}

/**
 * Bytes as ASCII, 13 or 14 bits in two characters (Joachim Henke's basE91), which is less than base64 takes: digits
 * from "#" on. "<" and "\\" are " " and "!", so that neither JSON nor HTML has anything to escape.
 */
function base91(bytes) {
  let text = "";
  let bits = 0;
  let size = 0;
  const put = (digit) => {
    text += String.fromCharCode(35 + digit);
  };
  for (const byte of bytes) {
    bits |= byte << size;
    size += 8;
    if (size <= 13) continue;
    const short = bits & 8191;
    const taken = short > 88 ? 13 : 14;
    const value = taken === 13 ? short : bits & 16383;
    bits >>= taken;
    size -= taken;
    put(value % 91);
    put(Math.floor(value / 91));
  }
  if (size > 0) {
    put(bits % 91);
    if (size > 7 || bits > 90) put(Math.floor(bits / 91));
  }
  return text.replaceAll("<", " ").replaceAll("\\", "!");
}

/**
 * terser finds more to leave out than esbuild does. `unsafe` takes it that what becomes a text has no `valueOf` of
 * its own; texts repeat more, and pack better, if constants stay at the right of a comparison.
 */
async function smaller(source) {
  const options = {
    module: true,
    ecma: 2022,
    compress: {
      passes: 6,
      unsafe: true,
      unsafe_arrows: true,
      pure_getters: true,
      keep_fargs: false,
      lhs_constants: false,
    },
  };
  return Buffer.from((await minify(source, options)).code);
}

/**
 * A module that holds another one gzipped: every panel carries its code, over the socket and into the saved
 * notebook. The first one of a page unpacks it for all.
 */
async function pack(target) {
  const source = await smaller(await readFile(target, "utf8"));
  const key = `qjm:${createHash("sha256").update(source).digest("hex").slice(0, 8)}`;
  // With more memory, zlib makes fewer and longer blocks; which are smaller together depends on the code.
  const [packed] = [7, 8, 9]
    .map((memLevel) => gzipSync(source, { level: 9, memLevel }))
    .sort((a, b) => a.length - b.length);
  const text = `const key = "${key}";
const packed = "${base91(packed)}";
function digit(at) {
  const code = packed.charCodeAt(at) || 35;
  return code < 33 ? 25 : code < 34 ? 57 : code - 35;
}
async function unpack() {
  const bytes = [];
  let bits = 0;
  let size = 0;
  for (let at = 0; at < packed.length; at += 2) {
    const value = digit(at) + 91 * digit(at + 1);
    bits |= value << size;
    size += (value & 8191) > 88 ? 13 : 14;
    for (; size > 7; size -= 8) {
      bytes.push(bits & 255);
      bits >>= 8;
    }
  }
  const gzip = new Blob([new Uint8Array(bytes).slice(0, ${packed.length})]);
  const stream = gzip.stream().pipeThrough(new DecompressionStream("gzip"));
  const code = await new Response(stream).arrayBuffer();
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  try {
    return (await import(url)).default;
  } catch (error) {
    delete globalThis[key];
    throw error;
  } finally {
    URL.revokeObjectURL(url);
  }
}
export default {
  async render(context) {
    return (await (globalThis[key] ??= unpack())).render(context);
  },
};
`;
  const { code } = await transform(text, { minify: true, format: "esm", target: common.target });
  await writeFile(target, code);
  return code.length;
}

/** What is bundled is under the MIT licence, which wants its text to go along. */
async function licences(target) {
  const texts = ["preact", "plotly.js-basic-dist-min"].map(async (name) => {
    const text = await readFile(here(`node_modules/${name}/LICENSE`), "utf8");
    return `${name}\n\n${text.trim()}\n`;
  });
  await writeFile(target, (await Promise.all(texts)).join("\n\n"));
}

async function buildAll() {
  await mkdir(out, { recursive: true });
  const result = await build({
    ...common,
    entryPoints: [
      { in: "src/index.tsx", out: "panel" },
      { in: "src/history.tsx", out: "history" },
      { in: "src/group.tsx", out: "group" },
      { in: "src/panel/panel.css", out: "panel" },
      { in: "src/history/history.css", out: "history" },
      { in: "src/group/group.css", out: "group" },
    ],
    outdir: out,
    metafile: true,
  });
  await plotlyGzip(`${out}/plotly-basic.min.js.gz`);
  await licences(`${out}/licences.txt`);
  for (const [file, { bytes }] of Object.entries(result.metafile.outputs)) {
    console.log(`${file.split("/").pop()}: ${bytes.toLocaleString("en-US")} bytes`);
  }
  const panel = await pack(`${out}/panel.js`);
  const history = await pack(`${out}/history.js`);
  const group = await pack(`${out}/group.js`);
  console.log(`packed: panel.js ${panel}, history.js ${history}, group.js ${group} bytes`);
  if (panel > PANEL_LIMIT) {
    throw new Error(
      `panel.js has ${panel} bytes: every notebook output carries it, so the limit is ${PANEL_LIMIT}`,
    );
  }
}

async function serveDemo() {
  const demo = here("demo/out");
  await rm(demo, { recursive: true, force: true });
  await mkdir(demo, { recursive: true });
  await plotlyGzip(`${demo}/plotly-basic.min.js.gz`);
  const served = await context({
    ...common,
    minify: false,
    entryPoints: [
      { in: "demo/demo.ts", out: "demo" },
      { in: "src/panel/panel.css", out: "panel" },
      { in: "src/history/history.css", out: "history" },
      { in: "src/group/group.css", out: "group" },
    ],
    outdir: demo,
  });
  const port = Number(process.env.PORT ?? 8765);
  const server = await served.serve({ servedir: here("demo"), host: "127.0.0.1", port });
  console.log(`http://127.0.0.1:${server.port}/#middle`);
}

await (process.argv.includes("--demo") ? serveDemo() : buildAll());
