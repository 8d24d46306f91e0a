// SPDX-License-Identifier: Apache-2.0
// Replays golden vectors, whose verdicts another verifier wrote, and prints every disagreement. With --stdin
// it answers one JSON line a question, for a fuzzer that compares two verifiers.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { sha256 } from "@noble/hashes/sha2";
import { base64, fromBase64, fromUtf8, hex } from "./bytes.js";
import { verifyExport } from "./export.js";
import { writeJson } from "./json.js";
import { type Anchor, type Checkpoint, makeAnchor, verifyCheckpoint } from "./note.js";
import { checkFile, type Receipt, verifyReceipt } from "./receipt.js";
import { BadAnchor, Refusal } from "./refusal.js";
import { filesInMemory } from "./source.js";
import { verifyExtension, verifyOnlyTile } from "./tile.js";

const FORMAT = "lapel-vectors/1";

/** What is asked: a checkpoint, an export, or a receipt with or without its file. Bytes are in base64. */
interface Matter {
  readonly receipt?: string;
  readonly file?: string;
  readonly checkpoint?: string;
  readonly files?: Readonly<Record<string, string>>;
  /** With a checkpoint: the tile at this path, or the proof that the checkpoint in it extends the other. */
  readonly path?: string;
  readonly tile?: string;
  readonly proof?: string;
}

interface Question extends Matter {
  readonly key: string;
  readonly witnesses?: readonly string[];
  /** Both are given back as they came. */
  readonly id?: number;
  readonly kind?: string;
}

interface Vector extends Matter {
  readonly name: string;
  readonly kind: string;
  readonly accept: boolean;
  readonly why?: string;
}

interface Answer {
  readonly accept: boolean;
  readonly why: string;
  /** What follows from what was accepted, so that two verifiers can be found to believe different things. */
  readonly said?: string;
}

/** Any other exception passes through: a crash is not a verdict. */
async function judge(question: Question): Promise<Answer> {
  try {
    return await answer(question, makeAnchor(question.key, question.witnesses ?? []));
  } catch (error) {
    if (error instanceof Refusal || error instanceof BadAnchor) return { accept: false, why: error.message };
    throw error;
  }
}

async function answer(question: Question, anchor: Anchor): Promise<Answer> {
  const given = (name: "checkpoint" | "tile" | "path" | "proof"): Uint8Array =>
    fromBase64(question[name] ?? "", `the vector's ${name}`);
  if (question.tile !== undefined) {
    const path = fromUtf8(given("path"), "the path");
    return accepted(verifyOnlyTile(path, given("tile"), given("checkpoint"), anchor));
  }
  if (question.proof !== undefined) return accepted(verifyExtension(given("checkpoint"), given("proof"), anchor));
  if (question.checkpoint !== undefined)
    return accepted(verifyCheckpoint(fromBase64(question.checkpoint, "the vector"), anchor));
  if (question.files !== undefined) {
    const files = new Map(
      Object.entries(question.files).map(([path, bytes]) => [path, fromBase64(bytes, path)] as const),
    );
    const { verified, checkpoint, findings } = await verifyExport(filesInMemory(files), anchor);
    const refusals = findings.filter(({ verdict }) => verdict === "refused");
    const why = refusals.map(({ about, says }) => `${about}: ${says}`).join("; ");
    if (!verified || checkpoint === undefined) return { accept: false, why };
    const rows = findings
      .filter(({ verdict, about }) => verdict === "ok" && about.endsWith(".tlog-proof"))
      .map(({ about, says }) => `${about}: ${says}`);
    const said = [saidByCheckpoint(checkpoint), ...rows.sort(byCodePoint)].join("\n");
    return { accept: true, why: checkpoint.state, said };
  }
  const receipt = verifyReceipt(fromBase64(question.receipt ?? "", "the vector"), anchor);
  if (question.file !== undefined) {
    const file = fromBase64(question.file, "the vector's file");
    checkFile(receipt, { sha256: hex(sha256(file)), bytes: file.length });
  }
  return { accept: true, why: receipt.checkpoint.state, said: saidByReceipt(receipt) };
}

function accepted(checkpoint: Checkpoint): Answer {
  return { accept: true, why: checkpoint.state, said: saidByCheckpoint(checkpoint) };
}

function saidByCheckpoint({ state, size, root, cosignatures }: Checkpoint): string {
  const times = cosignatures.map(({ witness, time }) => ` ${witness}=${time}`);
  return `${state} ${size} ${base64(root)}${times.join("")}`;
}

function saidByReceipt({ index, checkpoint, opened }: Receipt): string {
  const where = `${saidByCheckpoint(checkpoint)}\n${index}`;
  if (opened.kind === "event")
    return `${where} event ${base64(opened.event.commitment)} ${writeJson(opened.event.json)}`;
  const what = `${where} ${opened.kind} ${writeJson(opened.statement.json)}`;
  if (opened.kind === "statement") return what;
  return `${what} ${opened.head.first} ${opened.head.n} ${base64(opened.head.commitment)}`;
}

/** The order of the bytes in UTF-8, which is not the order of UTF-16's units. */
function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

const MEMBER_OF_KIND = new Map<string, keyof Matter>([
  ["receipt", "receipt"],
  ["checkpoint", "checkpoint"],
  ["export", "files"],
  ["tile", "tile"],
  ["extension", "proof"],
]);

interface Tally {
  judged: number;
  disagreements: number;
}

async function replayFile(path: string, tally: Tally): Promise<void> {
  const suite = JSON.parse(readFileSync(path, "utf8")) as {
    format: string;
    key: string;
    witnesses: readonly string[];
    vectors: readonly Vector[];
  };
  const complain = (name: string, problem: string): void => {
    tally.disagreements++;
    console.log(`${path}: ${name}: ${problem}`);
  };
  if (suite.format !== FORMAT) return complain("the file", `is not of the format ${FORMAT}`);
  for (const vector of suite.vectors) {
    const member = MEMBER_OF_KIND.get(vector.kind);
    if (member === undefined || vector[member] === undefined) {
      complain(vector.name, `a vector of the kind ${vector.kind} cannot be judged here`);
      continue;
    }
    tally.judged++;
    const answer = await judge({ ...vector, key: suite.key, witnesses: suite.witnesses });
    if (answer.accept === vector.accept) continue;
    const ours = answer.accept ? "accepted" : "refused";
    const theirs = vector.accept ? "accepted" : "refused";
    complain(
      vector.name,
      `${ours} here (${answer.why}), ${theirs} there (${vector.why ?? "no reason given"})`,
    );
  }
}

async function replay(folder: string): Promise<number> {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .sort();
  const tally: Tally = { judged: 0, disagreements: 0 };
  for (const name of files) await replayFile(join(folder, name), tally);
  console.log(`${tally.judged} vectors in ${files.length} files, ${tally.disagreements} disagreements`);
  return tally.judged > 0 && tally.disagreements === 0 ? 0 : 1;
}

async function answerLines(): Promise<number> {
  for await (const line of createInterface({ input: process.stdin })) {
    const question = JSON.parse(line) as Question;
    const { id, kind } = question;
    process.stdout.write(`${JSON.stringify({ id, kind, ...(await judge(question)) })}\n`);
  }
  return 0;
}

const [where] = process.argv.slice(2);
if (where === undefined) {
  console.error("usage: vectors.js FOLDER | --stdin");
  process.exitCode = 2;
} else {
  process.exitCode = where === "--stdin" ? await answerLines() : await replay(where);
}
