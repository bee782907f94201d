/** The notebook's colours and fonts for Plotly, which CSS does not style. */
import type { RefObject } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";

export interface Theme {
  readonly text: string;
  readonly muted: string;
  readonly grid: string;
  readonly bar: string;
  readonly rest: string;
  readonly expected: string;
  readonly waiting: string;
  readonly running: string;
  readonly failed: string;
  readonly surface: string;
  readonly font: string;
  readonly codeFont: string;
}

export function readTheme(element: HTMLElement): Theme {
  const style = getComputedStyle(element);
  const colour = (name: string) => plainColour(style.getPropertyValue(name).trim());
  const family = (name: string, fallback: string) =>
    style.getPropertyValue(name).trim() || fallback;
  return {
    text: colour("--qjm-text"),
    muted: colour("--qjm-muted"),
    grid: colour("--qjm-border"),
    bar: colour("--qjm-chart"),
    rest: colour("--qjm-chart-rest"),
    expected: colour("--qjm-chart-expected"),
    waiting: colour("--qjm-queued"),
    running: colour("--qjm-running"),
    failed: colour("--qjm-error"),
    surface: colour("--qjm-surface"),
    font: family("--qjm-font", "sans-serif"),
    codeFont: family("--qjm-code-font", "monospace"),
  };
}

export function sameTheme(a: Theme, b: Theme): boolean {
  return (Object.keys(a) as (keyof Theme)[]).every((name) => a[name] === b[name]);
}

/** Convert any CSS colour to rgba(): themes may use notations that Plotly cannot parse. */
function plainColour(colour: string): string {
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  if (context == null || colour === "") return colour || "#808080";
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  const [r = 0, g = 0, b = 0, a = 255] = context.getImageData(0, 0, 1, 1).data;
  return `rgba(${r},${g},${b},${(a / 255).toFixed(3)})`;
}

/** Call a function when the theme may have changed. Return a function that stops this. */
export function watchTheme(changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  const filter = ["data-jp-theme-light", "data-jp-theme-name", "data-theme", "theme", "class"];
  for (const element of [document.documentElement, document.body]) {
    observer.observe(element, { attributes: true, attributeFilter: filter });
  }
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", changed);
  return () => {
    observer.disconnect();
    scheme.removeEventListener("change", changed);
  };
}

/** Width of an element in pixels, and its theme. */
export function useFrame(frame: RefObject<HTMLElement | null>): {
  width: number;
  theme: Theme | null;
} {
  const [width, setWidth] = useState(0);
  const [theme, setTheme] = useState<Theme | null>(null);
  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const measure = () => {
      setWidth(Math.floor(element.clientWidth));
      // JupyterLab detaches cells that are scrolled away; variables have no value there.
      if (!element.isConnected) return;
      const found = readTheme(element);
      setTheme((known) => (known !== null && sameTheme(known, found) ? known : found));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    const unwatch = watchTheme(measure);
    return () => {
      observer.disconnect();
      unwatch();
    };
  }, [frame]);
  return { width, theme };
}
