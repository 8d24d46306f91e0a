// SPDX-License-Identifier: Apache-2.0
// The programs as a caller meets them: exit codes, words and JSON.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { base64, concat, fromUtf8, utf8 } from "./bytes.js";
import {
  admission,
  cosignLine,
  FILE,
  filled,
  Forge,
  ledgerWith,
  LOG,
  receiptOf,
  signer,
  signLine,
  SUBJECT,
  WITNESS_A,
  WITNESS_B,
} from "./forge.js";
import { eventExtra, SALT } from "./forge.js";
import { story } from "./forge_export.js";

const folder = mkdtempSync(join(tmpdir(), "lapel-verify-"));
after(() => rmSync(folder, { recursive: true }));

function stored(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function program(name: string, words: readonly string[], input = ""): Outcome {
  const script = fileURLToPath(new URL(`./${name}`, import.meta.url));
  const run = spawnSync(process.execPath, [script, ...words], { encoding: "utf8", input });
  return { code: run.status, stdout: run.stdout, stderr: run.stderr };
}

function verify(...words: readonly string[]): Outcome {
  return program("cli.js", words);
}

const GOOD = receiptOf(admission());
const receipt = stored("good.tlog-proof", GOOD);
const film = stored("film.mp4", FILE);
const otherFilm = stored("other.mp4", utf8("abd"));
const key = ["--key", LOG.vkey];
const both = [...key, "--witness", WITNESS_A.vkey, "--witness", WITNESS_B.vkey];

test("a receipt with its file verifies, in words and in JSON", () => {
  const words = verify(...both, receipt, film);
  assert.equal(words.code, 0, words.stderr);
  assert.match(words.stdout, /^VERIFIED: recording.admitted, event 0/);
  assert.match(words.stdout, /final by ledger.example\/ashfield at size 5\n.*cosigned by witness.example\/a/);
  const answer = JSON.parse(verify(...both, "--json", receipt, film).stdout) as Record<string, unknown>;
  assert.equal(answer["verified"], true);
  assert.equal(answer["state"], "final");
  assert.equal(answer["index"], 2);
});

test("another file, another key and a changed receipt exit with 6", () => {
  const broken = stored("broken.tlog-proof", concat(GOOD, utf8("x")));
  const other = new Forge({ ...LOG, seed: filled(1) });
  const forged = stored("forged", utf8(`${other.text()}\n${signLine(other.log, other.text())}`));
  for (const paths of [[receipt, otherFilm], [broken], [forged], [film]]) {
    const run = verify(...key, ...paths);
    assert.equal(run.code, 6, run.stdout + run.stderr);
    assert.match(run.stdout, /^NOT VERIFIED: /);
  }
  assert.deepEqual(Object.keys(JSON.parse(verify(...key, "--json", broken).stdout) as object), [
    "verified",
    "why",
  ]);
});

test("a witness that was given and has not cosigned means not verified", () => {
  const forge = ledgerWith(admission());
  const parts = forge.parts(2, eventExtra(admission(), SALT));
  const text = `${fromUtf8(GOOD, "it").split("\n\n")[0]}\n\n${parts.text}\n${signLine(LOG, parts.text)}`;
  const sealed = stored(
    "sealed.tlog-proof",
    utf8(text + cosignLine(WITNESS_A, parts.text, forge.cosignedAt)),
  );
  const run = verify(...both, sealed);
  assert.equal(run.code, 6);
  assert.match(run.stdout, /^NOT VERIFIED: not final: witness.example\/b has not cosigned\n$/);
  assert.match(verify(...key, sealed).stdout, /^VERIFIED.*\n {2}sealed by/);
  assert.match(verify(...key, "--witness", WITNESS_A.vkey, sealed).stdout, /^VERIFIED.*\n {2}final by/);
  const note = (name: string, ...lines: readonly string[]): string =>
    stored(name, utf8(`${parts.text}\n${lines.join("")}`));
  const one = note("final", signLine(LOG, parts.text), cosignLine(WITNESS_A, parts.text, 1));
  const two = note("bare", signLine(LOG, parts.text));
  const witness = ["--witness", WITNESS_A.vkey];
  assert.equal(verify(...key, ...witness, one).code, 0);
  for (const paths of [[two], [one, two], [two, one]])
    assert.equal(verify(...key, ...witness, ...paths).code, 6);
  assert.equal(verify(...key, two, one).code, 0);
});

test("a receipt of another type than asked for exits with 6", () => {
  assert.equal(verify(...key, "--type", "recording.admitted", receipt).code, 0);
  assert.equal(verify(...key, "--type", "recording.viewed", receipt).code, 6);
});

test("questions that cannot be asked exit with 2", () => {
  const bad = [
    [receipt],
    [...key],
    [...key, ...key, receipt],
    ["--key"],
    ["--key", "x", receipt],
    [...key, "--nonsense", receipt],
    ["--key", WITNESS_A.vkey, receipt],
    [...key, "--witness", LOG.vkey, receipt],
    [...key, "--final", receipt],
    [...key, "export"],
    [...key, "export", folder, folder],
    [...key, "--chain", "export", folder],
    [...key, "--type", "recording.admitted", "export", folder],
    [...key, receipt, film, film],
  ];
  for (const words of bad) {
    const run = verify(...words);
    assert.equal(run.code, 2, words.join(" "));
    assert.match(run.stderr, /usage:/);
  }
});

test("files that cannot be read exit with 1", () => {
  for (const paths of [
    [join(folder, "absent")],
    [folder],
    [receipt, join(folder, "absent")],
    [receipt, folder],
    ["export", join(folder, "absent")],
    ["export", receipt],
  ]) {
    assert.equal(verify(...key, ...paths).code, 1);
  }
});

test("checkpoints of one size that disagree exit with 6, and sizes that differ are not compared", () => {
  const checkpoint = (name: string, paddings: number, first: number): string => {
    const forge = new Forge(LOG);
    forge.add(filled(first));
    for (let i = 0; i < paddings; i++) forge.addPadding();
    return stored(name, utf8(`${forge.text()}\n${signLine(LOG, forge.text())}`));
  };
  const one = checkpoint("one", 3, 1);
  assert.equal(verify(...key, one, one).code, 0);
  const convicting = verify(...key, one, checkpoint("two", 3, 2));
  assert.equal(convicting.code, 6);
  assert.match(convicting.stdout, /convict/);
  assert.match(verify(...key, one, checkpoint("three", 4, 1)).stdout, /compared: false/);
});

test("a chain of one event verifies", () => {
  const run = verify(...key, "--chain", "--json", receipt);
  assert.equal(run.code, 0, run.stderr);
  assert.equal((JSON.parse(run.stdout) as { rows: number }).rows, 1);
  assert.equal(verify(...key, "--chain", receipt, receipt).code, 6);
});

function storedExport(name: string, files: ReadonlyMap<string, Uint8Array>): string {
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(folder, name, path)), { recursive: true });
    writeFileSync(join(folder, name, path), bytes);
  }
  return join(folder, name);
}

test("an export verifies, in words and in JSON, and empty folders mean nothing", () => {
  const whole = storedExport("whole", story().files());
  mkdirSync(join(whole, "originals", "empty"));
  const words = verify(...both, "export", whole);
  assert.equal(words.code, 0, words.stdout + words.stderr);
  assert.match(words.stdout, /^VERIFIED: the custody export\n {2}final by/);
  assert.match(words.stdout, /ok: .*recording.viewed at .* by Olu Officer, badge 4711/);
  assert.match(words.stdout, /note: the export: completeness is not proven/);
  const answer = JSON.parse(verify(...key, "--json", "export", whole).stdout) as Record<string, unknown>;
  assert.equal(answer["verified"], true);
  assert.equal(answer["state"], "sealed");
  assert.equal((answer["findings"] as unknown[]).length, 11);
});

test("an export with a changed original, or without a witness it was to have, exits with 6", () => {
  const bad = storedExport("bad", story().files().set(`originals/${SUBJECT}`, utf8("abd")));
  const words = verify(...key, "export", bad);
  assert.equal(words.code, 6);
  assert.match(words.stdout, /^NOT VERIFIED: originals\/.*SHA-256.*\n {2}ok: /);
  const answer = JSON.parse(verify(...key, "--json", "export", bad).stdout) as Record<string, unknown>;
  assert.deepEqual(Object.keys(answer), ["verified", "why", "findings"]);
  const other = signer("witness.example/c", filled(0xc3), 0x04);
  const unseen = verify(...key, "--witness", other.vkey, "export", storedExport("good", story().files()));
  assert.equal(unseen.code, 6);
  assert.match(unseen.stdout, /not final: witness.example\/c has not cosigned/);
});

test("links in an export are refused, even to the right bytes, and a folder that is one too", () => {
  for (const path of ["checkpoint", `originals/${SUBJECT}`, `subjects/${SUBJECT}`, "originals"]) {
    const whole = storedExport(`link-${path.replace("/", "-")}`, story().files());
    renameSync(join(whole, path), join(folder, `moved-${path.replace("/", "-")}`));
    symlinkSync(join(folder, `moved-${path.replace("/", "-")}`), join(whole, path));
    const run = verify(...key, "export", whole);
    assert.equal(run.code, 6, path);
    assert.match(run.stdout, /not a file/);
  }
});

test("a name cannot write on the terminal", () => {
  const name = "Olu\n\u001b[2JVERIFIED \u202e\u0085\u{e0041}";
  const run = verify(...key, "export", storedExport("name", story({ officer: { name } }).files()));
  assert.equal(run.code, 0);
  assert.doesNotMatch(run.stdout.replaceAll("\n", ""), /[\p{Cc}\p{Cf}]/u);
  assert.match(run.stdout, /by Olu\\u000a\\u001b\[2JVERIFIED \\u202e\\u0085\\udb40\\udc41, badge/);
});

function suite(name: string, vectors: readonly object[], format = "lapel-vectors/1"): Outcome {
  const inner = mkdtempSync(join(folder, "vectors-"));
  const text = JSON.stringify({
    format,
    key: LOG.vkey,
    witnesses: [WITNESS_A.vkey, WITNESS_B.vkey],
    vectors,
  });
  writeFileSync(join(inner, `${name}.json`), text);
  return program("vectors.js", [inner]);
}

test("the vector runner agrees with right verdicts and prints wrong ones", () => {
  const good = { name: "good", kind: "receipt", receipt: base64(GOOD), file: base64(FILE), accept: true };
  const bad = {
    name: "bad",
    kind: "receipt",
    receipt: base64(GOOD),
    file: base64(utf8("abd")),
    accept: false,
    why: "file",
  };
  assert.equal(suite("right", [good, bad]).code, 0);
  const files = Object.fromEntries([...story().files()].map(([path, bytes]) => [path, base64(bytes)]));
  const whole = { name: "whole", kind: "export", files, accept: true };
  assert.equal(suite("right", [whole]).code, 0);
  const stray = suite("wrong", [{ ...whole, files: { ...files, stray: "" } }]);
  assert.equal(stray.code, 1);
  assert.match(stray.stdout, /refused here \(stray: is not listed/);
  const wrong = suite("wrong", [good, { ...bad, accept: true }]);
  assert.equal(wrong.code, 1);
  assert.match(wrong.stdout, /bad: refused here \(.*SHA-256.*\), accepted there/);
  assert.equal(suite("wrong", [{ ...good, accept: false }]).code, 1);
});

test("the vector runner never passes what it did not judge", () => {
  assert.equal(suite("none", []).code, 1);
  assert.equal(suite("unknown", [{ name: "x", kind: "joke", accept: false }]).code, 1);
  assert.equal(suite("format", [], "lapel-vectors/2").code, 1);
});

test("the line mode answers each question", () => {
  const question = { receipt: base64(GOOD), key: LOG.vkey };
  const lines = [
    question,
    { ...question, file: base64(utf8("x")) },
    { ...question, key: "x" },
    { key: LOG.vkey, receipt: "!" },
  ];
  const run = program("vectors.js", ["--stdin"], lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  const answers = run.stdout
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { accept: boolean }).accept);
  assert.deepEqual(answers, [true, false, false, false]);
});
