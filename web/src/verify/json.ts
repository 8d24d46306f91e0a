// SPDX-License-Identifier: Apache-2.0
// The ledger's JSON: RFC 8785 within objects, arrays, strings, true, false and integers 0…2^53-1.
//
// JSON.parse is not used. It merges duplicate keys, rounds large numbers and gives `constructor` a meaning,
// all before anyone can look. Objects are Maps for the same reason.
import { equal, fromBase64Of, fromUtf8, utf8 } from "./bytes.js";
import { refuse } from "./refusal.js";

export type Json = boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = ReadonlyMap<string, Json>;

/** Containers inside one another; the outermost counts as one. */
export const JSON_DEPTH_MAX = 4;

const KEY = /^[a-z][a-z0-9_.]*$/;
const SHORT_ESCAPES = new Map([
  ["\b", "\\b"],
  ["\t", "\\t"],
  ["\n", "\\n"],
  ["\f", "\\f"],
  ["\r", "\\r"],
  ['"', '\\"'],
  ["\\", "\\\\"],
]);
const UNESCAPED = new Map([
  ["b", "\b"],
  ["t", "\t"],
  ["n", "\n"],
  ["f", "\f"],
  ["r", "\r"],
  ['"', '"'],
  ["\\", "\\"],
  ["/", "/"],
]);

export function isObject(value: Json): value is JsonObject {
  return value instanceof Map;
}

function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/** Reads, writes again, and refuses unless the bytes are the same. */
export function parseJson(bytes: Uint8Array, what: string): Json {
  const text = fromUtf8(bytes, what);
  const value = new Parser(text, what).whole();
  if (!equal(utf8(writeJson(value)), bytes)) refuse(`${what} is not in canonical form`);
  return value;
}

export function writeJson(value: Json): string {
  if (typeof value === "boolean" || typeof value === "number") return String(value);
  if (typeof value === "string") return writeString(value);
  if (isArray(value)) return `[${value.map(writeJson).join(",")}]`;
  // Keys are ASCII, so comparing code units is the order RFC 8785 asks for.
  const members = [...(value as JsonObject)].sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${writeString(key)}:${writeJson(member)}`).join(",")}}`;
}

function writeString(text: string): string {
  let out = '"';
  for (const character of text) {
    const escape = SHORT_ESCAPES.get(character);
    if (escape !== undefined) out += escape;
    else if (character < " ") out += `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
    else out += character;
  }
  return `${out}"`;
}

class Parser {
  private at = 0;

  constructor(
    private readonly text: string,
    private readonly what: string,
  ) {}

  whole(): Json {
    const value = this.value(1);
    if (this.at !== this.text.length) this.fail("has bytes after its value");
    return value;
  }

  private fail(problem: string): never {
    return refuse(`${this.what} ${problem} (character ${this.at})`);
  }

  private take(expected: string): boolean {
    if (!this.text.startsWith(expected, this.at)) return false;
    this.at += expected.length;
    return true;
  }

  private value(depth: number): Json {
    if (this.take("true")) return true;
    if (this.take("false")) return false;
    const next = this.text.charAt(this.at);
    if (next === '"') return this.string();
    if (next >= "0" && next <= "9") return this.integer();
    if (next !== "{" && next !== "[") this.fail("is not JSON of the allowed kinds");
    if (depth > JSON_DEPTH_MAX) this.fail(`nests deeper than ${JSON_DEPTH_MAX}`);
    return next === "{" ? this.object(depth) : this.array(depth);
  }

  private object(depth: number): JsonObject {
    const out = new Map<string, Json>();
    this.take("{");
    if (this.take("}")) return out;
    do {
      if (this.text.charAt(this.at) !== '"') this.fail("lacks a key");
      const key = this.string();
      if (!KEY.test(key)) this.fail("has a key that is not allowed");
      if (out.has(key)) this.fail(`has the key ${key} twice`);
      if (!this.take(":")) this.fail("lacks a colon");
      out.set(key, this.value(depth + 1));
    } while (this.take(","));
    if (!this.take("}")) this.fail("lacks a closing brace");
    return out;
  }

  private array(depth: number): readonly Json[] {
    const out: Json[] = [];
    this.take("[");
    if (this.take("]")) return out;
    do out.push(this.value(depth + 1));
    while (this.take(","));
    if (!this.take("]")) this.fail("lacks a closing bracket");
    return out;
  }

  private integer(): number {
    const digits = /[0-9]+/y;
    digits.lastIndex = this.at;
    const text = digits.exec(this.text)?.[0] ?? "";
    const value = Number(text);
    if (text.length > 16 || !Number.isSafeInteger(value)) this.fail("has an integer beyond 2^53-1");
    this.at += text.length;
    return value;
  }

  private string(): string {
    let out = "";
    this.at++;
    for (;;) {
      const character = this.text.charAt(this.at);
      if (character === "" || character < " ") this.fail("has an unfinished string");
      this.at++;
      if (character === '"') break;
      out += character === "\\" ? this.escape() : character;
    }
    // An escape may spell half a character; UTF-8 cannot, so such a string has no bytes to compare.
    if (/\p{Surrogate}/u.test(out)) this.fail("has a lone surrogate");
    return out;
  }

  private escape(): string {
    const letter = this.text.charAt(this.at++);
    const plain = UNESCAPED.get(letter);
    if (plain !== undefined) return plain;
    const digits = this.text.slice(this.at, this.at + 4);
    if (letter !== "u" || !/^[0-9a-fA-F]{4}$/.test(digits)) this.fail("has an unknown escape");
    this.at += 4;
    return String.fromCharCode(parseInt(digits, 16));
  }
}

/** Centiseconds are enough to order claims; the result is Unix time in milliseconds. */
export function timeMs(text: string, what: string): number {
  const parts = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d\d)Z$/.exec(text);
  if (parts === null) return refuse(`${what} is not a time of the form YYYY-MM-DDThh:mm:ss.ccZ`);
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
  if (year < 1970) refuse(`${what} is before 1970`);
  if (day < 1 || day > days || hour > 23 || minute > 59 || second > 59) refuse(`${what} is no real time`);
  // Three digits of fraction are the only form that every engine's Date reads.
  return Date.parse(text.replace("Z", "0Z"));
}

/** Typed reading of one object's members; every failure names the field. */
export class Fields {
  constructor(
    private readonly members: JsonObject,
    readonly what: string,
  ) {}

  static of(value: Json | undefined, what: string): Fields {
    if (value === undefined || !isObject(value)) return refuse(`${what} is not an object`);
    return new Fields(value, what);
  }

  has(name: string): boolean {
    return this.members.has(name);
  }

  raw(name: string): Json {
    const value = this.members.get(name);
    return value === undefined ? refuse(`${this.what} lacks ${name}`) : value;
  }

  entries(): readonly (readonly [string, Json])[] {
    return [...this.members];
  }

  /** Refuses any member that is in neither list, and the absence of one in the first. */
  exactly(required: readonly string[], optional: readonly string[] = []): void {
    for (const name of required) this.raw(name);
    for (const name of this.members.keys()) {
      if (!required.includes(name) && !optional.includes(name))
        refuse(`${this.what} has the unknown field ${name}`);
    }
  }

  object(name: string): Fields {
    return Fields.of(this.raw(name), `${this.what} ${name}`);
  }

  array(name: string): readonly Json[] {
    const value = this.raw(name);
    return isArray(value) ? value : refuse(`${this.what} ${name} is not an array`);
  }

  string(name: string): string {
    const value = this.raw(name);
    return typeof value === "string" ? value : refuse(`${this.what} ${name} is not a string`);
  }

  /** A value that is unknown has no field at all, so an empty string here is a mistake. */
  text(name: string): string {
    const value = this.string(name);
    return value === "" ? refuse(`${this.what} ${name} is empty`) : value;
  }

  integer(name: string, min = 0): number {
    const value = this.raw(name);
    if (typeof value !== "number") return refuse(`${this.what} ${name} is not an integer`);
    return value < min ? refuse(`${this.what} ${name} is below ${min}`) : value;
  }

  id(name: string): string {
    const value = this.string(name);
    return /^[0-9a-f]{32}$/.test(value) ? value : refuse(`${this.what} ${name} is not an id`);
  }

  sha256(name: string): string {
    const value = this.string(name);
    return /^[0-9a-f]{64}$/.test(value) ? value : refuse(`${this.what} ${name} is not a lower-case SHA-256`);
  }

  time(name: string): number {
    return timeMs(this.string(name), `${this.what} ${name}`);
  }

  bytes(name: string, length: number): Uint8Array {
    return fromBase64Of(length, this.string(name), `${this.what} ${name}`);
  }
}
