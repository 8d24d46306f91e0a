// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { ScanLine, type ScanAnswer, type Sound } from "./scan_line.js";

const answer = (result: string, sentence = "", officer: ScanAnswer["officer"] = null): ScanAnswer => ({ result, sentence, officer });

/** A line over a server that answers when it is told to. */
function line(of: (code: string, officer: string | undefined) => ScanAnswer | Error) {
  const asked: string[] = [];
  const sounds: Sound[] = [];
  const answers: (() => void)[] = [];
  const scans = new ScanLine(
    (code, officer) => {
      asked.push(code);
      return new Promise((resolve, reject) => answers.push(() => {
        const scan = of(code, officer);
        if (scan instanceof Error) reject(scan);
        else resolve(scan);
      }));
    },
    (sound) => sound !== undefined && sounds.push(sound),
  );
  const drain = async (): Promise<void> => {
    while (scans.waiting > 0) {
      answers.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { scans, asked, sounds, drain };
}

test("codes that come faster than answers are sent one after the other, in order", async () => {
  const { scans, asked, drain } = line((code) => answer("in", `${code} is in`));
  for (const code of ["a", "b", "", " c\n"]) scans.add(code);
  assert.deepEqual(asked, ["a"]);
  assert.equal(scans.waiting, 3);
  await drain();
  assert.deepEqual(asked, ["a", "b", "c"]);
  assert.deepEqual(scans.log.map((each) => each.sentence), ["c is in", "b is in", "a is in"]);
});

test("a code that comes again is told once and beeps once", async () => {
  const seen = new Set<string>();
  const { scans, sounds, drain } = line((code) => {
    if (seen.has(code)) return answer("duplicate");
    seen.add(code);
    return answer("in");
  });
  for (const code of ["a", "a", "a", "b", "a"]) scans.add(code);
  await drain();
  assert.deepEqual(sounds, ["done", "again", "done"]);
  assert.equal(scans.log.length, 3);
});

test("cameras go to whose badge was scanned last", async () => {
  const to: (string | undefined)[] = [];
  const { scans, drain } = line((code, officer) => {
    if (code.length === 3) return answer("officer", "", { id: `id of ${code}`, name: code });
    to.push(officer);
    return answer("out");
  });
  for (const code of ["c1", "101", "c2", "102", "c3"]) scans.add(code);
  await drain();
  assert.deepEqual(to, [undefined, "id of 101", "id of 102"]);
});

test("what was not sent is told, and the next code follows", async () => {
  const { scans, sounds, drain } = line((code) => (code === "a" ? new Error("The server cannot be reached") : answer("unknown", "no camera")));
  scans.add("a");
  scans.add("b");
  await drain();
  assert.deepEqual(scans.log.map((each) => each.result), ["unknown", "failed"]);
  assert.deepEqual(sounds, ["wrong", "wrong"]);
});
