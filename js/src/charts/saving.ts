/** The counts as files: what is shown, as a picture or as a table. */
import { plainLine } from "../text";
import type { Bar } from "./bars";

/** What CSS gives a drawing; a file has no style sheet. */
const STYLES = [
  "fill",
  "stroke",
  "stroke-width",
  "stroke-linecap",
  "font-family",
  "font-size",
  "font-weight",
];
const BITS = /^[01][01 ]*$/;
/** What a spreadsheet runs, the wide forms too, and what it takes for a number. */
const RUN_OR_NUMBER = /^\s*(?:[=+\-@＝＋－＠]|[\d.]+(?:e[+-]?\d*)?$)/i;
/** Pixels of a saved picture for each of the page's. */
const SCALE = 2;

/** Shares are of all shots; `low` and `high` are the ends of the 95 % interval. */
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
 * Nobody may run a text, nor make a number of a bit string: quotes do not keep `"00"` from becoming 0. As
 * `0b00` it is text in spreadsheets and in pandas, and Python's `int(text, 2)` reads it.
 */
function cell(text: string): string {
  const plain = plainLine(text, 2_000);
  const safe = BITS.test(plain) ? `0b${plain}` : RUN_OR_NUMBER.test(plain) ? `'${plain}` : plain;
  return `"${safe.replaceAll('"', '""')}"`;
}

/** A drawing in the page as a file of its own, with its colours in it and on the page's ground. */
export function svgText(drawing: SVGSVGElement, ground: string): string {
  const copy = drawing.cloneNode(true) as SVGSVGElement;
  const copies = copy.querySelectorAll("*");
  for (const [i, element] of drawing.querySelectorAll("*").entries()) {
    const style = getComputedStyle(element);
    const found = STYLES.map((name) => `${name}:${style.getPropertyValue(name)}`);
    copies[i]?.setAttribute("style", found.join(";"));
    copies[i]?.removeAttribute("class");
  }
  copy.setAttribute("style", `background:${ground}`);
  return new XMLSerializer().serializeToString(copy);
}

export async function png(
  svg: string,
  width: number,
  height: number,
  ground: string,
): Promise<Blob> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = SCALE * width;
  canvas.height = SCALE * height;
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("no canvas");
  context.fillStyle = ground;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob === null ? reject(new Error("no picture")) : resolve(blob))),
  );
}
