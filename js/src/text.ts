/**
 * Formatting of numbers, durations and sizes, and sanitizing of foreign text.
 *
 * Preact writes text nodes, so HTML is harmless. Sanitizing removes characters that change how the surrounding
 * text reads: terminal escapes, control characters and bidirectional overrides.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is to be removed
const TERMINAL_ESCAPES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?)/g;
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is to be removed
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff]/g;

/** Sanitize text; line breaks and tabs stay. */
export function plainBlock(text: string, max: number): string {
  const clean = text
    .slice(0, 4 * max)
    .replace(TERMINAL_ESCAPES, "")
    .replace(/\r\n?/g, "\n")
    .replace(BIDI, "")
    .replace(CONTROLS, "\ufffd");
  return shorten(clean, max);
}

/** Sanitize text and put it on one line. */
export function plainLine(text: string, max: number): string {
  return plainBlock(text.slice(0, 4 * max).replace(/\s+/g, " "), max);
}

/** Truncate at the end, by whole code points: half a surrogate pair would show as a box. */
export function shorten(text: string, max: number): string {
  if (text.length <= max) return text;
  const points = Array.from(text.slice(0, 2 * max));
  return points.length <= max && text.length <= 2 * max
    ? text
    : `${points.slice(0, max - 1).join("")}…`;
}

/** Truncate in the middle: bit strings differ at both ends. */
export function shortenMiddle(text: string, max: number): string {
  if (text.length <= max) return text;
  const tail = Math.floor((max - 1) / 2);
  return `${text.slice(0, max - 1 - tail)}…${text.slice(text.length - tail)}`;
}

/** One formatter for all calls: `toLocaleString` looks up the locale at each call, which slows scrolling. */
const NUMBERS = new Intl.NumberFormat("en-US");

export function count(value: number): string {
  return NUMBERS.format(value);
}

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** Least and greatest precision of an estimator's PUBs: "precision 0.01". */
export function precisionText([least, most]: readonly [number, number]): string {
  return least === most ? `precision ${least}` : `precision ${least} to ${most}`;
}

/** Fewest and most shots of a circuit: "1,024 shots", "512–4,096 shots". */
export function shotsText([fewest, most]: readonly [number, number]): string {
  return fewest === most ? plural(most, "shot") : `${count(fewest)}–${count(most)} shots`;
}

/** Join the parts that are not empty: "6 of 10 done, 1 error". */
export function sentence(...parts: readonly string[]): string {
  return parts.filter(Boolean).join(", ");
}

/** A duration in milliseconds: "34 ms", "0.4 s", "8 s", "2:10", "1:02:03". */
export function duration(ms: number): string {
  if (ms < 99.5) return `${Math.max(0, Math.round(ms))} ms`;
  const seconds = ms / 1000;
  if (seconds < 0.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (value: number) => String(value).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${two(whole % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

/** An estimated duration, rounded: "about 40 s", "about 3 min". */
export function about(ms: number): string {
  const seconds = ms / 1_000;
  if (seconds < 8) return "a few seconds";
  if (seconds < 90) return `about ${5 * Math.round(seconds / 5)} s`;
  const minutes = seconds / 60;
  if (minutes < 90) return `about ${Math.round(minutes)} min`;
  const hours = minutes / 60;
  return hours < 48 ? `about ${Math.round(hours)} h` : `about ${Math.round(hours / 24)} days`;
}

/** Bytes: "812 kB", "3.4 MB", "1.2 GB". */
export function size(bytes: number): string {
  if (bytes < 999_500) return `${Math.max(1, Math.round(bytes / 1e3))} kB`;
  const [value, unit] = bytes < 999.5e6 ? [bytes / 1e6, "MB"] : [bytes / 1e9, "GB"];
  return `${value < 10 ? value.toFixed(1) : count(Math.round(value))} ${unit}`;
}

/** Age in one unit: "just now", "5 min ago", "3 h ago", "2 days ago". */
export function age(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${minutes} min ago`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ago`;
  return `${plural(Math.floor(hours / 24), "day")} ago`;
}
