/** Readers of unknown values: a value that does not fit throws Malformed with its place. */
import { plainBlock, plainLine } from "../text";

/** Maximum lengths of texts, in characters. */
const LINE = 400;
const ANSWER = 4_000;
const BLOCK = 20_000;
const KEY = 2_000;

export class Malformed extends Error {}

export type Fields = Record<string, unknown>;

/** Reads one field; `where` names it in the error. */
export type Read<T> = (value: unknown, where: string) => T;

export const record: Read<Fields> = (value, where) => {
  if (typeof value !== "object" || value === null) throw new Malformed(where);
  return value as Fields;
};

/** A value that is not validated. */
export const unknown: Read<unknown> = (value) => value;

export const number: Read<number> = (value, where) => {
  if (typeof value !== "number" || !Number.isFinite(value)) throw new Malformed(where);
  return value;
};

export const string: Read<string> = (value, where) => {
  if (typeof value !== "string") throw new Malformed(where);
  return value;
};

export const flag: Read<boolean> = (value) => value === true;

export const line: Read<string> = (value, where) => plainLine(string(value, where), LINE);
export const block: Read<string> = (value, where) => plainBlock(string(value, where), BLOCK);
/** Answers may contain code, so they keep their line breaks. */
export const answer: Read<string> = (value, where) => plainBlock(string(value, where), ANSWER);
export const key: Read<string> = (value, where) => plainLine(string(value, where), KEY);

export const kind = <T extends string>(name: T): Read<T> => {
  return (value, where) => {
    if (value !== name) throw new Malformed(where);
    return name;
  };
};

export function nullable<T>(read: Read<T>): Read<T | null> {
  return otherwise<T | null>(read, null);
}

/** Read a field that snapshots of older versions lack, with a default. */
export function otherwise<T>(read: Read<T>, missing: T): Read<T> {
  return (value, where) => (value == null ? missing : read(value, where));
}

export function list<T>(read: Read<T>): Read<T[]> {
  return (value, where) => {
    if (!Array.isArray(value)) throw new Malformed(where);
    return value.map((item) => read(item, where));
  };
}

/** An array with these items; further ones are ignored. */
export function tuple<T extends unknown[]>(...items: { [K in keyof T]: Read<T[K]> }): Read<T> {
  return (value, where) => {
    const from = list(unknown)(value, where);
    return items.map((read, i) => read(from[i], where)) as T;
  };
}

export function shape<T>(fields: { [K in keyof T]-?: Read<T[K]> }): Read<T> {
  const readers = Object.entries<Read<unknown>>(fields);
  return (value, where) => {
    const from = record(value, where);
    const read = readers.map(([name, reader]) => [name, reader(from[name], `${where}.${name}`)]);
    return Object.fromEntries(read) as T;
  };
}

export const pair = tuple<[number, number]>(number, number);

/** The bytes of a binary part, copied: it may be a view of a larger buffer. */
export function blob(value: unknown): Blob {
  return new Blob([bytes(value) as BlobPart]);
}

export function bytes(value: unknown): Uint8Array {
  if (ArrayBuffer.isView(value)) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  throw new Malformed("binary part");
}
