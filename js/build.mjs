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

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const out = here("../qjm_widgets/static");
/** Bytes as they are sent: every panel sends them again, and with its state stays below 120 kB. */
const PANEL_LIMIT = 47_000;

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
 * Bytes as ASCII, four of them in five characters where base64 takes three in four: big-endian words in base 85,
 * from "(" on. "<" and "\\" are "}" and "~", so that neither JSON nor HTML has anything to escape.
 */
function base85(bytes) {
  const padded = Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
  let text = "";
  for (let at = 0; at < padded.length; at += 4) {
    let word = padded.readUInt32BE(at);
    let digits = "";
    for (let i = 0; i < 5; i++) {
      digits = String.fromCharCode(40 + (word % 85)) + digits;
      word = Math.floor(word / 85);
    }
    text += digits;
  }
  return text.replaceAll("<", "}").replaceAll("\\", "~");
}

/**
 * A module that holds another one gzipped: every panel carries its code, over the socket and into the saved
 * notebook. The first one of a page unpacks it for all.
 */
async function pack(target) {
  const source = await readFile(target);
  const key = `qjm:${createHash("sha256").update(source).digest("hex").slice(0, 16)}`;
  const packed = gzipSync(source, { level: 9 });
  const text = `const key = "${key}";
const packed = "${base85(packed)}";
async function unpack() {
  const bytes = new DataView(new ArrayBuffer(packed.length));
  for (let at = 0; at < packed.length; at += 5) {
    let word = 0;
    for (let i = 0; i < 5; i++) {
      const code = packed.charCodeAt(at + i);
      word = 85 * word + (code < 125 ? code - 40 : code < 126 ? 20 : 52);
    }
    bytes.setUint32((at / 5) * 4, word);
  }
  const gzip = new Blob([bytes.buffer.slice(0, ${packed.length})]);
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
async function render(context) {
  globalThis[key] ??= unpack();
  return (await globalThis[key]).render(context);
}
export default { render };
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
      { in: "src/panel/panel.css", out: "panel" },
      { in: "src/history/history.css", out: "history" },
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
  console.log(`packed: panel.js ${panel}, history.js ${history} bytes`);
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
    ],
    outdir: demo,
  });
  const port = Number(process.env.PORT ?? 8765);
  const server = await served.serve({ servedir: here("demo"), host: "127.0.0.1", port });
  console.log(`http://127.0.0.1:${server.port}/#middle`);
}

await (process.argv.includes("--demo") ? serveDemo() : buildAll());
