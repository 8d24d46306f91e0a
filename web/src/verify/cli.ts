// SPDX-License-Identifier: Apache-2.0
// The verifier at a terminal. It opens no socket and trusts nothing but the keys on its command line.
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { equal, hex } from "./bytes.js";
import { verifyChain } from "./chain.js";
import type { Admission } from "./entry.js";
import { type Finding, verifyExport } from "./export.js";
import { folderSource, streamFile, Unreadable } from "./folder.js";
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

const HELP = `usage: cli.js --key VKEY [--witness VKEY]... [--type TYPE] [--json] PATH...

  RECEIPT            one receipt by itself
  RECEIPT FILE       the receipt of FILE's admission
  --chain RECEIPT... all events of one subject in order, then any head proofs
  CHECKPOINT [CHECKPOINT]
  export DIR         a custody export
  --witness VKEY     refuse what this witness has not cosigned
  --type TYPE        refuse a receipt of anything else

exit: 0 verified, 6 not, 2 usage, 1 a file could not be read
`;

class Usage extends Error {}

class RefusedExport extends Refusal {
  constructor(readonly findings: readonly Finding[]) {
    super(describeFinding(findings.find((finding) => finding.verdict === "refused")));
  }
}

interface Options {
  readonly anchor: Anchor;
  readonly paths: readonly string[];
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
    } else if (word === "--chain" || word === "--json") flags.add(word);
    else if (word.startsWith("-")) throw new Usage(`${word} is not an option`);
    else paths.push(word);
  }
  const key = values.get("--key");
  const type = values.get("--type");
  if (key === undefined) throw new Usage("--key is needed: a receipt cannot vouch for its own key");
  if (paths.length === 0) throw new Usage("nothing to verify was named");
  return {
    anchor: makeAnchor(key, witnesses),
    paths,
    chain: flags.has("--chain"),
    ...(type === undefined ? {} : { type }),
  };
}

function readSmall(path: string): Uint8Array {
  try {
    // A film given in the place of a receipt must not be read into memory whole.
    if (statSync(path).size > RECEIPT_BYTES_MAX) return new Uint8Array(RECEIPT_BYTES_MAX + 1);
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    throw new Unreadable(path, error);
  }
}

async function digestFile(path: string): Promise<FileFacts> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of streamFile(path)) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { sha256: hex(hash.digest()), bytes };
}

interface Verdict {
  readonly what: string;
  readonly checkpoint: Checkpoint;
  readonly details: Readonly<Record<string, unknown>>;
  readonly findings?: readonly Finding[];
}

function describeFinding(finding: Finding | undefined): string {
  return finding === undefined ? "" : `${finding.about}: ${finding.says}`;
}

/** A verifier decides by every witness it was given; a silent one leaves the question open. */
function requireWitnesses({ missing }: Checkpoint): void {
  if (missing.length > 0) refuse(`not final: ${missing.join(" and ")} has not cosigned`);
}

async function judge(options: Options): Promise<Verdict> {
  const { anchor, paths } = options;
  const [first, second] = paths as [string, string?];
  if (first === "export") return judgeExport(options, second);
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

async function judgeExport(options: Options, folder: string | undefined): Promise<Verdict> {
  const alone = options.paths.length === 2 && !options.chain && options.type === undefined;
  if (folder === undefined || !alone) throw new Usage("export takes one folder and nothing else");
  const { verified, checkpoint, findings } = await verifyExport(folderSource(folder), options.anchor);
  if (!verified || checkpoint === undefined) throw new RefusedExport(findings);
  return { what: "the custody export", checkpoint, details: {}, findings };
}

function judgeCheckpoints(options: Options, bytes: Uint8Array, second: string | undefined): Verdict {
  const checkpoint = verifyCheckpoint(bytes, options.anchor);
  if (second === undefined) return { what: "the checkpoint", checkpoint, details: {} };
  const other = verifyCheckpoint(readSmall(second), options.anchor);
  const comparable = checkpoint.size === other.size;
  if (comparable && !equal(checkpoint.root, other.root)) {
    refuse("two checkpoints of one size disagree: keep both, they convict the ledger");
  }
  requireWitnesses(other);
  // Different sizes say nothing about each other without a consistency proof, and none was given.
  return { what: "two checkpoints", checkpoint, details: { compared: comparable, otherSize: other.size } };
}

/** Names may hold any character, and some move the cursor or turn the line around. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    Array.from({ length: character.length }, (_, i) => character.charCodeAt(i))
      .map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`)
      .join(""),
  );
}

/** The same escapes mean the same inside JSON, so one function serves both. */
function print(lines: readonly string[]): void {
  console.log(lines.map(printable).join("\n"));
}

function findingLines(findings: readonly Finding[] = []): string[] {
  return findings.map((finding) => `  ${finding.verdict}: ${describeFinding(finding)}`);
}

function present(verdict: Verdict, asJson: boolean): void {
  const { state, origin, size, cosignatures, missing } = verdict.checkpoint;
  const { findings } = verdict;
  if (asJson) {
    const witnesses = cosignatures.map(({ witness, time }) => ({ witness, time: String(time) }));
    const head = { verified: true, what: verdict.what, state, ledger: origin, size, witnesses, missing };
    return print([JSON.stringify({ ...head, ...verdict.details, findings })]);
  }
  const details = Object.entries(verdict.details).map(
    ([name, value]) => `  ${name}: ${JSON.stringify(value)}`,
  );
  print([
    `VERIFIED: ${verdict.what}`,
    `  ${state} by ${origin} at size ${size}`,
    ...cosignatures.map(({ witness, time }) => `  cosigned by ${witness} at Unix time ${time}`),
    ...details,
    ...findingLines(findings),
  ]);
}

async function main(words: readonly string[]): Promise<number> {
  const asJson = words.includes("--json");
  const fail = (code: number, label: string, error: Error): number => {
    const why = error.message;
    const findings = error instanceof RefusedExport ? error.findings : undefined;
    if (asJson) print([JSON.stringify({ verified: false, why, findings })]);
    else print([`${label}: ${why}`, ...findingLines(findings)]);
    return code;
  };
  try {
    const options = readArguments(words);
    const verdict = await judge(options);
    requireWitnesses(verdict.checkpoint);
    present(verdict, asJson);
    return VERIFIED;
  } catch (error) {
    if (error instanceof Refusal) return fail(NOT_VERIFIED, "NOT VERIFIED", error);
    if (error instanceof Unreadable) return fail(UNREADABLE, "COULD NOT READ", error);
    if (!(error instanceof Usage || error instanceof BadAnchor)) throw error;
    console.error(`${error.message}\n\n${HELP}`);
    return USAGE;
  }
}

process.exitCode = await main(process.argv.slice(2));
