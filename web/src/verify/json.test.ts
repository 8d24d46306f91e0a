// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { base64, concat, fromBase64, utf8 } from "./bytes.js";
import { filled } from "./forge.js";
import { type JsonObject, parseJson, timeMs, writeJson } from "./json.js";
import { Refusal } from "./refusal.js";

function parse(input: string | Uint8Array): string {
  return writeJson(parseJson(typeof input === "string" ? utf8(input) : input, "the text"));
}

function inString(...bytes: readonly number[]): Uint8Array {
  return concat(utf8('{"a":"'), Uint8Array.from(bytes), utf8('"}'));
}

const ACCEPTED: readonly string[] = [
  "{}",
  "[]",
  "true",
  "false",
  "0",
  "9007199254740991",
  '""',
  '{"a":1,"b":[true,false,"x"]}',
  '{"a":{"b":{"c":{}}}}',
  "[[[[]]]]",
  '{"a":[[[0]]]}',
  '{"constructor":1,"tostring":2,"valueof":3}',
  '{"a":1,"a.b":2,"a0":3,"a_":4,"ab":5}',
  String.raw`"\b\t\n\f\r\"\\"`,
  String.raw`"\u0000\u0001\u000b\u001f"`,
  '"/"',
  '"\u007f\u0080\u2028\u2029"',
  '"\u00e9"',
  '"e\u0301"',
  '"\u{1f600}"',
  '"\ufffe\uffff"',
  '"\ufeff"',
];

for (const text of ACCEPTED) {
  test(`canonical: ${JSON.stringify(text)}`, () => assert.equal(parse(text), text));
}

const REFUSED: Readonly<Record<string, string | Uint8Array>> = {
  nothing: "",
  "a space inside": '{"a": 1}',
  "a space before": ' {"a":1}',
  "a newline after": '{"a":1}\n',
  "two values": "{}{}",
  "a byte order mark": concat(Uint8Array.of(0xef, 0xbb, 0xbf), utf8("{}")),
  "keys out of order": '{"b":1,"a":2}',
  "a duplicate key": '{"a":1,"a":1}',
  "a duplicate key by escape": '{"a":1,"\\u0061":1}',
  "an upper-case key": '{"A":1}',
  "an empty key": '{"":1}',
  "a key that starts with a digit": '{"0a":1}',
  "a key with a hyphen": '{"a-b":1}',
  "a key that is a prototype": '{"__proto__":1}',
  "a key with a newline at its end": '{"a\\n":1}',
  "a key that is no string": "{a:1}",
  null: '{"a":null}',
  "a fraction": '{"a":1.0}',
  "an exponent": '{"a":1e0}',
  "a minus": '{"a":-1}',
  "minus zero": '{"a":-0}',
  "a plus": '{"a":+1}',
  "a leading zero": '{"a":01}',
  "two zeros": '{"a":00}',
  "2^53": '{"a":9007199254740992}',
  "2^53+1, which rounds to 2^53": '{"a":9007199254740993}',
  "an integer of 400 digits": `{"a":${"9".repeat(400)}}`,
  hexadecimal: '{"a":0x1}',
  NaN: '{"a":NaN}',
  "depth 5": "[[[[[]]]]]",
  "depth 5 of objects": '{"a":{"a":{"a":{"a":{}}}}}',
  "depth 100000": "[".repeat(100_000),
  "a trailing comma": '{"a":1,}',
  "a trailing comma in an array": "[1,]",
  "a leading comma": "[,1]",
  "an unclosed object": '{"a":1',
  "an unclosed array": "[1",
  "an unclosed string": '"a',
  "an unclosed escape": '"\\',
  "single quotes": "{'a':1}",
  "a comment": "{}//",
  "an escaped letter": '"\\u0061"',
  "an escaped slash": '"\\/"',
  "an upper-case escape": '"\\u001F"',
  "a long escape of a newline": '"\\u000a"',
  "an escaped delete": '"\\u007f"',
  "an escaped pair of surrogates": '"\\ud83d\\ude00"',
  "a lone high surrogate": '"\\ud83d"',
  "a lone low surrogate": '"\\ude00"',
  "surrogates in the wrong order": '"\\ude00\\ud83d"',
  "an unknown escape": '"\\x41"',
  "a short escape": '"\\u41"',
  "a raw newline in a string": '"\n"',
  "a raw NUL in a string": '"\u0000"',
  "an overlong slash": inString(0xc0, 0xaf),
  "an overlong NUL": inString(0xc0, 0x80),
  "an overlong form of three bytes": inString(0xe0, 0x80, 0xaf),
  "an overlong form of four bytes": inString(0xf0, 0x80, 0x80, 0xaf),
  "a surrogate in UTF-8": inString(0xed, 0xa0, 0x80),
  "a pair of surrogates in UTF-8": inString(0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80),
  "a value above U+10FFFF": inString(0xf4, 0x90, 0x80, 0x80),
  "a byte 0xFF": inString(0xff),
  "a lone continuation byte": inString(0x80),
  "a truncated sequence": inString(0xe2, 0x82),
  "a truncated sequence at the end": concat(utf8('{"a":"'), Uint8Array.of(0xe2, 0x82)),
  "Latin-1": inString(0xe9),
};

for (const [name, text] of Object.entries(REFUSED)) {
  test(`refused: ${name}`, () => assert.throws(() => parse(text), Refusal));
}

test("a key named like a prototype member is an ordinary key", () => {
  const value = parseJson(utf8('{"constructor":1}'), "the text") as JsonObject;
  assert.equal(value.get("constructor"), 1);
  assert.equal(value.get("tostring"), undefined);
});

test("base64 re-encodes to itself for all lengths and values", () => {
  for (let length = 0; length < 70; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 37 + length * 11) & 255);
    assert.equal(base64(bytes), Buffer.from(bytes).toString("base64"));
    assert.deepEqual(fromBase64(base64(bytes), "it"), bytes);
  }
});

test("any other spelling of base64 is refused", () => {
  assert.equal(base64(filled(0xff, 1)), "/w==");
  for (const text of [
    "/w=",
    "/w",
    "/x==",
    "_w==",
    "/w==\n",
    " /w==",
    "/w== ",
    "/===",
    "====",
    "=w==",
    "//8",
    "//9=",
    "/w==AAAA",
    "/\u00c3==",
  ]) {
    assert.throws(() => fromBase64(text, "it"), Refusal, text);
  }
});

test("times are real, of one form, and a leap day is one", () => {
  assert.equal(timeMs("1970-01-01T00:00:00.01Z", "it"), 10);
  assert.equal(timeMs("2024-02-29T23:59:59.99Z", "it"), Date.UTC(2024, 1, 29, 23, 59, 59, 990));
  const bad = [
    "0001-01-01T00:00:00.00Z",
    "1969-12-31T23:59:59.99Z",
    "2022-12-02T06:12:07Z",
    "2022-12-02T06:12:07.4Z",
    "2022-12-02T06:12:07.410Z",
    "2022-12-02T06:12:07.41+00:00",
    "2022-12-02t06:12:07.41z",
    "2022-12-02 06:12:07.41Z",
    "2022-12-02T06:12:60.00Z",
    "2022-12-02T24:00:00.00Z",
    "2022-12-02T06:60:00.00Z",
    "2022-02-29T00:00:00.00Z",
    "1900-02-29T00:00:00.00Z",
    "2022-00-01T00:00:00.00Z",
    "2022-13-01T00:00:00.00Z",
    "2022-01-00T00:00:00.00Z",
    "2022-04-31T00:00:00.00Z",
    "2022-12-02T06:12:07.41Z\n",
    "12022-12-02T06:12:07.41Z",
    "٢022-12-02T06:12:07.41Z",
    "",
  ];
  for (const text of bad) assert.throws(() => timeMs(text, "it"), Refusal, text);
});
