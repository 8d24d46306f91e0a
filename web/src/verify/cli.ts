// SPDX-License-Identifier: Apache-2.0
// The verifier at a terminal. It opens no socket and trusts nothing but the keys on its command line.
import { createHash } from "node:crypto";
import { createReadStream, readFileSync, statSync } from "node:fs";
import { equal, hex } from "./bytes.js";
import { verifyChain } from "./chain.js";
import type { Admission } from "./entry.js";
import { type Anchor, type Checkpoint, makeAnchor, verifyCheckpoint } from "./note.js";
import {
  checkFile,
  describeOpened,
  type FileFacts,
  looksLikeReceipt,
  RECEIPT_BYTES_MAX,
  verifyReceipt,
} from "./receipt.js";
import { BadAnchor, Refusal, refuse } from "./refusal.js";

const VERIFIED = 0;
const UNREADABLE = 1;
const USAGE = 2;
const NOT_VERIFIED = 6;

const HELP = `usage: cli.js --key VKEY [--witness VKEY]... [--final] [--type TYPE] [--json] PATH...

  RECEIPT            one receipt by itself
  RECEIPT FILE       the receipt of FILE's admission
  --chain RECEIPT... all events of one subject in order, then any head proofs
  CHECKPOINT [CHECKPOINT]
  --final            refuse what a given witness has not cosigned
  --type TYPE        refuse a receipt of anything else

exit: 0 verified, 6 not, 2 usage, 1 a file could not be read
`;

class Usage extends Error {}
class Unreadable extends Error {}

interface Options {
  readonly anchor: Anchor;
  readonly paths: readonly string[];
  readonly final: boolean;
  readonly chain: boolean;
  readonly type?: string;
}

function readArguments(words: readonly string[]): Options {
  const paths: string[] = [];
  const witnesses: string[] = [];
  const flags = new Set<string>();
  const values = new Map<string, string>();
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    if (word === "--key" || word === "--witness" || word === "--type") {
      const value = words[++i];
      if (value === undefined) throw new Usage(`${word} needs a value`);
      if (word === "--witness") witnesses.push(value);
      else if (values.has(word)) throw new Usage(`${word} is given twice`);
      else values.set(word, value);
    } else if (word === "--final" || word === "--chain" || word === "--json") flags.add(word);
    else if (word.startsWith("-")) throw new Usage(`${word} is not an option`);
    else paths.push(word);
  }
  const key = values.get("--key");
  const type = values.get("--type");
  if (key === undefined) throw new Usage("--key is needed: a receipt cannot vouch for its own key");
  if (paths.length === 0) throw new Usage("nothing to verify was named");
  if (flags.has("--final") && witnesses.length === 0) throw new Usage("--final needs a --witness");
  return {
    anchor: makeAnchor(key, witnesses),
    paths,
    final: flags.has("--final"),
    chain: flags.has("--chain"),
    ...(type === undefined ? {} : { type }),
  };
}

function reading<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Unreadable(`${path}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
}

function readSmall(path: string): Uint8Array {
  return reading(path, () => {
    // A film given in the place of a receipt must not be read into memory whole.
    if (statSync(path).size > RECEIPT_BYTES_MAX) return new Uint8Array(RECEIPT_BYTES_MAX + 1);
    return new Uint8Array(readFileSync(path));
  });
}

async function digestFile(path: string): Promise<FileFacts> {
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Uint8Array>) {
      hash.update(chunk);
      bytes += chunk.length;
    }
  } catch (error) {
    throw new Unreadable(`${path}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
  return { sha256: hex(hash.digest()), bytes };
}

interface Verdict {
  readonly what: string;
  readonly checkpoint: Checkpoint;
  readonly details: Readonly<Record<string, unknown>>;
}

async function judge(options: Options): Promise<Verdict> {
  const { anchor, paths } = options;
  const [first, second] = paths as [string, string?];
  const bytes = readSmall(first);
  if (options.chain) {
    const receipts = paths.map((path) => verifyReceipt(readSmall(path), anchor));
    const { checkpoint, ...chain } = verifyChain(
      receipts.filter((receipt) => receipt.opened.kind !== "head"),
      receipts.filter((receipt) => receipt.opened.kind === "head"),
    );
    return { what: `the history of ${chain.subject}`, checkpoint, details: { ...chain } };
  }
  if (paths.length > 2) throw new Usage("more than two paths need --chain");
  if (!looksLikeReceipt(bytes)) return judgeCheckpoints(options, bytes, second);

  const receipt = verifyReceipt(bytes, anchor);
  const type = receipt.opened.kind === "event" ? receipt.opened.event.type : receipt.opened.statement.type;
  if (options.type !== undefined && type !== options.type)
    refuse(`the receipt is of ${type}, not of ${options.type}`);
  const admission: Admission | undefined =
    second === undefined ? undefined : checkFile(receipt, await digestFile(second));
  return {
    what: describeOpened(receipt.opened),
    checkpoint: receipt.checkpoint,
    details: {
      type,
      index: receipt.index,
      ...(admission === undefined ? {} : { file: second, ...admission }),
    },
  };
}

function judgeCheckpoints(options: Options, bytes: Uint8Array, second: string | undefined): Verdict {
  const checkpoint = verifyCheckpoint(bytes, options.anchor);
  if (second === undefined) return { what: "the checkpoint", checkpoint, details: {} };
  const other = verifyCheckpoint(readSmall(second), options.anchor);
  const comparable = checkpoint.size === other.size;
  if (comparable && !equal(checkpoint.root, other.root)) {
    refuse("two checkpoints of one size disagree: keep both, they convict the ledger");
  }
  if (options.final && other.state !== "final") refuse("the second checkpoint lacks a witness's cosignature");
  // Different sizes say nothing about each other without a consistency proof, and none was given.
  return { what: "two checkpoints", checkpoint, details: { compared: comparable, otherSize: other.size } };
}

function present(verdict: Verdict, asJson: boolean): string {
  const { state, origin, size, cosignatures, missing } = verdict.checkpoint;
  if (asJson) {
    const witnesses = cosignatures.map(({ witness, time }) => ({ witness, time: String(time) }));
    const head = { verified: true, what: verdict.what, state, ledger: origin, size, witnesses, missing };
    return JSON.stringify({ ...head, ...verdict.details });
  }
  const details = Object.entries(verdict.details).map(
    ([name, value]) => `  ${name}: ${JSON.stringify(value)}`,
  );
  return [
    `VERIFIED: ${verdict.what}`,
    `  ${state} by ${origin} at size ${size}`,
    ...cosignatures.map(({ witness, time }) => `  cosigned by ${witness} at Unix time ${time}`),
    ...missing.map((witness) => `  not cosigned by ${witness}`),
    ...details,
  ].join("\n");
}

async function main(words: readonly string[]): Promise<number> {
  const asJson = words.includes("--json");
  const fail = (code: number, label: string, why: string): number => {
    console.log(asJson ? JSON.stringify({ verified: false, why }) : `${label}: ${why}`);
    return code;
  };
  try {
    const options = readArguments(words);
    const verdict = await judge(options);
    if (options.final && verdict.checkpoint.state !== "final") refuse("a given witness has not cosigned");
    console.log(present(verdict, asJson));
    return VERIFIED;
  } catch (error) {
    if (error instanceof Refusal) return fail(NOT_VERIFIED, "NOT VERIFIED", error.message);
    if (error instanceof Unreadable) return fail(UNREADABLE, "COULD NOT READ", error.message);
    if (!(error instanceof Usage || error instanceof BadAnchor)) throw error;
    console.error(`${error.message}\n\n${HELP}`);
    return USAGE;
  }
}

process.exitCode = await main(process.argv.slice(2));
