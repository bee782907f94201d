/** Save the charts as SVG, PNG or CSV. */
import { render, type VNode } from "preact";
import { saveFile } from "../components/save_file";
import { plainLine } from "../text";
import type { Bar } from "./bars";

/** Computed styles to copy into a saved SVG, which has no style sheet. */
const STYLES = [
  "fill",
  "fill-opacity",
  "stroke",
  "stroke-dasharray",
  "stroke-opacity",
  "stroke-width",
  "stroke-linecap",
  "font-family",
  "font-size",
  "font-weight",
];
const BITS = /^[01][01 ]*$/;
/** Text that a spreadsheet would run as a formula, full-width forms included, or read as a number. */
const RUN_OR_NUMBER = /^\s*(?:[=+\-@＝＋－＠]|[\d.]+(?:e[+-]?\d*)?$)/i;
/** Pixels of a saved PNG per CSS pixel. */
const SCALE = 2;

/** The bars as CSV. Shares are of all shots; `low` and `high` are the limits of the 95 % interval. */
export function csv(bars: readonly Bar[]): string {
  const withExpected = bars.some(({ expected }) => expected !== null);
  const head = ["outcome", "shots", "share", "low", "high", ...(withExpected ? ["expected"] : [])];
  const lines = bars.map(({ key, count, share, low, high, expected, rest }) => [
    cell(rest ? "the rest" : key),
    ...[count, share, low, high, ...(withExpected ? [expected ?? 0] : [])].map(String),
  ]);
  return `${[head, ...lines].map((line) => line.join(",")).join("\n")}\n`;
}

/**
 * Quote a cell so that a spreadsheet neither runs it nor reads a bit string as a number. With quotes alone,
 * `"00"` would become 0. `0b00` is text in spreadsheets and in pandas, and Python's `int(text, 2)` reads it.
 */
export function cell(text: string): string {
  const plain = plainLine(text, 2_000);
  const safe = BITS.test(plain) ? `0b${plain}` : RUN_OR_NUMBER.test(plain) ? `'${plain}` : plain;
  return `"${safe.replaceAll('"', '""')}"`;
}

/** Serialize an SVG of the page with its computed styles and background. */
function svgText(drawing: SVGSVGElement, background: string): string {
  const copy = drawing.cloneNode(true) as SVGSVGElement;
  const copies = copy.querySelectorAll("*");
  for (const [i, element] of drawing.querySelectorAll("*").entries()) {
    const style = getComputedStyle(element);
    const found = STYLES.map((name) => `${name}:${style.getPropertyValue(name)}`);
    copies[i]?.setAttribute("style", found.join(";"));
    copies[i]?.removeAttribute("class");
  }
  copy.setAttribute("style", `background:${background}`);
  return new XMLSerializer().serializeToString(copy);
}

async function png(svg: string, width: number, height: number, background: string): Promise<Blob> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = SCALE * width;
  canvas.height = SCALE * height;
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("no canvas");
  context.fillStyle = background;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob === null ? reject(new Error("no picture")) : resolve(blob))),
  );
}

/**
 * Draw a chart once more inside the panel, where the theme's variables apply, save it as SVG or PNG by the file's
 * name, and remove it.
 */
export async function savePicture(
  container: HTMLElement,
  file: string,
  height: number,
  draw: (width: number, height: number) => VNode,
): Promise<void> {
  const width = Math.max(480, container.clientWidth);
  const host = document.createElement("div");
  host.className = "qjm-unseen";
  container.append(host);
  try {
    render(draw(width, height), host);
    const drawing = host.querySelector("svg");
    if (drawing === null) return;
    const background = getComputedStyle(
      container.closest(".qjm-panel") ?? container,
    ).backgroundColor;
    const text = svgText(drawing, background);
    const svg = new Blob([text], { type: "image/svg+xml" });
    saveFile(file, file.endsWith(".svg") ? svg : await png(text, width, height, background));
  } finally {
    render(null, host);
    host.remove();
  }
}
