// SPDX-License-Identifier: Apache-2.0
// Replays golden vectors, whose verdicts another verifier wrote, and prints every disagreement. With --stdin
// it answers one JSON line a question, for a fuzzer that compares two verifiers.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { sha256 } from "@noble/hashes/sha2";
import { fromBase64, hex } from "./bytes.js";
import { makeAnchor, verifyCheckpoint } from "./note.js";
import { checkFile, verifyReceipt } from "./receipt.js";
import { BadAnchor, Refusal } from "./refusal.js";

const FORMAT = "lapel-vectors/1";

interface Question {
  readonly key: string;
  readonly witnesses?: readonly string[];
  readonly receipt?: string;
  readonly file?: string;
  readonly checkpoint?: string;
}

interface Vector {
  readonly name: string;
  readonly kind: string;
  readonly receipt?: string;
  readonly file?: string;
  readonly checkpoint?: string;
  readonly accept: boolean;
  readonly why?: string;
}

interface Answer {
  readonly accept: boolean;
  readonly why: string;
}

/** Any other exception passes through: a crash is not a verdict. */
function judge(question: Question): Answer {
  try {
    const anchor = makeAnchor(question.key, question.witnesses ?? []);
    if (question.checkpoint !== undefined) {
      return {
        accept: true,
        why: verifyCheckpoint(fromBase64(question.checkpoint, "the vector"), anchor).state,
      };
    }
    const receipt = verifyReceipt(fromBase64(question.receipt ?? "", "the vector"), anchor);
    if (question.file !== undefined) {
      const file = fromBase64(question.file, "the vector's file");
      checkFile(receipt, { sha256: hex(sha256(file)), bytes: file.length });
    }
    return { accept: true, why: receipt.checkpoint.state };
  } catch (error) {
    if (error instanceof Refusal || error instanceof BadAnchor) return { accept: false, why: error.message };
    throw error;
  }
}

interface Tally {
  judged: number;
  disagreements: number;
}

function replayFile(path: string, tally: Tally): void {
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
    const asked =
      vector.kind === "receipt"
        ? vector.receipt
        : vector.kind === "checkpoint"
          ? vector.checkpoint
          : undefined;
    if (asked === undefined) {
      complain(vector.name, `a vector of the kind ${vector.kind} cannot be judged here`);
      continue;
    }
    tally.judged++;
    const question: Question = {
      key: suite.key,
      witnesses: suite.witnesses,
      ...(vector.kind === "receipt" ? { receipt: asked } : { checkpoint: asked }),
      ...(vector.file === undefined ? {} : { file: vector.file }),
    };
    const answer = judge(question);
    if (answer.accept === vector.accept) continue;
    const ours = answer.accept ? "accepted" : "refused";
    const theirs = vector.accept ? "accepted" : "refused";
    complain(
      vector.name,
      `${ours} here (${answer.why}), ${theirs} there (${vector.why ?? "no reason given"})`,
    );
  }
}

function replay(folder: string): number {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .sort();
  const tally: Tally = { judged: 0, disagreements: 0 };
  for (const name of files) replayFile(join(folder, name), tally);
  console.log(`${tally.judged} vectors in ${files.length} files, ${tally.disagreements} disagreements`);
  return tally.judged > 0 && tally.disagreements === 0 ? 0 : 1;
}

async function answerLines(): Promise<number> {
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(judge(JSON.parse(line) as Question))}\n`);
  }
  return 0;
}

const [where] = process.argv.slice(2);
if (where === undefined) {
  console.error("usage: vectors.js FOLDER | --stdin");
  process.exitCode = 2;
} else {
  process.exitCode = where === "--stdin" ? await answerLines() : replay(where);
}
