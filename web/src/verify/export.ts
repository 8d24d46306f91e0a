// SPDX-License-Identifier: Apache-2.0
// Custody exports: whole chains of recordings or devices, everyone named in them, and the originals.
import { sha256 } from "@noble/hashes/sha2";
import { hex } from "./bytes.js";
import { checkOrder, type Row, verifyChain } from "./chain.js";
import { readAdmission } from "./entry.js";
import { Fields, type Json, parseJson } from "./json.js";
import { type Anchor, type Checkpoint, CHECKPOINT_BYTES_MAX, verifyCheckpoint } from "./note.js";
import { checkFile, type Receipt, RECEIPT_BYTES_MAX, verifyReceiptUnder } from "./receipt.js";
import { Refusal, refuse } from "./refusal.js";
import { type FileSource, readSmall, type SourceFile } from "./source.js";

export const MANIFEST_BYTES_MAX = 16 << 20;

const KINDS = ["recording", "person", "device", "dock"] as const;
const ROLES = ["exported", "named"] as const;

/**
 * The kind of subject in whose chains alone this type stands, if there is one. Any event of a recording tells
 * that its subject is one: whoever lists it as a person shows less than its whole chain.
 */
function kindOfType(type: string): string | undefined {
  if (type.startsWith("recording.")) return "recording";
  if (type === "device.offloaded") return "device";
  return type === "dock.enrolled" ? "dock" : undefined;
}

export interface Finding {
  readonly verdict: "ok" | "refused" | "note";
  /** A path in the export, or the export itself. */
  readonly about: string;
  /** May hold any character that a name may have; whoever prints it takes care. */
  readonly says: string;
}

export interface ExportVerdict {
  /** No finding is a refusal. Whether every witness cosigned is in `checkpoint.state`. */
  readonly verified: boolean;
  readonly checkpoint?: Checkpoint;
  readonly findings: readonly Finding[];
}

class Findings {
  readonly all: Finding[] = [];

  add(verdict: Finding["verdict"], about: string, says: string): void {
    this.all.push({ verdict, about, says });
  }

  /** Turns what `check` refuses into a finding; anything else that is thrown is no verdict and passes. */
  async check<T>(about: string, check: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await check();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.add("refused", about, error.message);
      return undefined;
    }
  }

  get refused(): boolean {
    return this.all.some((finding) => finding.verdict === "refused");
  }
}

interface Subject {
  readonly id: string;
  readonly kind: (typeof KINDS)[number];
  readonly role: (typeof ROLES)[number];
  readonly ns: readonly number[];
}

interface Manifest {
  readonly ledger: string;
  readonly subjects: readonly Subject[];
  /** The subjects whose originals are here. */
  readonly originals: readonly string[];
}

function receiptPath(subject: string, n: number): string {
  return `subjects/${subject}/${n}.tlog-proof`;
}

function originalPath(subject: string): string {
  return `originals/${subject}`;
}

/** The manifest only says what to look for; what it says of a subject's kind is held against its events. */
function readManifest(bytes: Uint8Array): Manifest {
  const fields = Fields.of(parseJson(bytes, "the manifest"), "the manifest");
  fields.exactly(["completeness", "format", "ledger", "originals", "subjects", "version"]);
  if (fields.string("format") !== "lapel-custody-export") refuse("this is not a custody export");
  if (fields.integer("version") !== 1) refuse("the export is of a version that is not read here");
  if (fields.string("completeness") !== "not proven")
    refuse("the manifest claims a completeness that version 1 cannot prove");
  const subjects = fields.array("subjects").map(readSubject);
  const originals = fields.array("originals").map((value) => {
    const original = Fields.of(value, "an original");
    original.exactly(["path", "subject"]);
    const subject = original.id("subject");
    return original.string("path") === originalPath(subject) ? subject : refuse("an original lies elsewhere");
  });
  if (new Set(subjects.map(({ id }) => id)).size !== subjects.length) refuse("a subject is listed twice");
  if (new Set(originals).size !== originals.length) refuse("an original is listed twice");
  // Nothing could be wrong with an export of nothing, and that must not read as a verdict.
  if (!subjects.some(({ role }) => role === "exported")) refuse("the manifest exports no subject");
  return { ledger: fields.string("ledger"), subjects, originals };
}

function readSubject(value: Json): Subject {
  const fields = Fields.of(value, "a subject");
  fields.exactly(["kind", "role", "rows", "subject"]);
  const oneOf = <T extends string>(name: string, allowed: readonly T[]): T =>
    allowed.find((word) => word === fields.string(name)) ?? refuse(`a subject's ${name} is unknown`);
  const subject = { id: fields.id("subject"), kind: oneOf("kind", KINDS), role: oneOf("role", ROLES) };
  const ns = fields
    .array("rows")
    .map((n) => (typeof n === "number" ? n : refuse(`a row of ${subject.id} is not an integer`)));
  if (ns.length === 0) refuse(`no row of ${subject.id} is listed`);
  if (ns.some((n, i) => i > 0 && n <= (ns[i - 1] ?? 0))) refuse(`the rows of ${subject.id} do not rise`);
  if (subject.role === "exported" && ns.some((n, i) => n !== i))
    refuse(`the rows of ${subject.id}, which is exported, are not all from 0`);
  if (subject.kind === "recording" && subject.role !== "exported")
    refuse(`the recording ${subject.id} is named but not exported`);
  return { ...subject, ns };
}

function checkFiles(files: readonly SourceFile[], manifest: Manifest, findings: Findings): void {
  const missing = new Set(["checkpoint", "manifest.json", ...manifest.originals.map(originalPath)]);
  for (const { id, ns } of manifest.subjects) for (const n of ns) missing.add(receiptPath(id, n));
  for (const { path, kind } of files) {
    if (kind !== "file") findings.add("refused", path, "is a link or a device, not a file");
    // A path that an archive holds twice is refused as well: the first one has crossed it off.
    else if (!missing.delete(path)) findings.add("refused", path, "is not listed in the manifest");
  }
  for (const path of missing) findings.add("refused", path, "is missing");
}

/** One disclosed event with the file that discloses it. */
interface Disclosed extends Row {
  readonly receipt: Receipt;
  readonly path: string;
  readonly subject: Subject;
}

function disclose(bytes: Uint8Array, checkpoint: Checkpoint, subject: Subject, n: number): Disclosed {
  const receipt = verifyReceiptUnder(bytes, checkpoint);
  if (receipt.opened.kind !== "event") return refuse("the receipt discloses no event");
  const { event } = receipt.opened;
  if (event.subject !== subject.id) refuse("the receipt is of another subject than its folder");
  if (event.n !== n) refuse(`the receipt is of event ${event.n}`);
  return { receipt, index: receipt.index, event, path: receiptPath(subject.id, n), subject };
}

function text(row: Row, name: string): string {
  return new Fields(row.event.json, `the ${row.event.type}`).text(name);
}

/** Disclosed events by something they say; those that do not say it are left out. */
class Index {
  private readonly rows = new Map<Json, Disclosed[]>();

  constructor(rows: readonly Disclosed[], by: (row: Disclosed) => Json | undefined) {
    for (const row of rows) {
      const key = by(row);
      if (key === undefined) continue;
      const others = this.rows.get(key);
      if (others === undefined) this.rows.set(key, [row]);
      else others.push(row);
    }
  }

  of(key: Json): readonly Disclosed[] {
    return this.rows.get(key) ?? [];
  }
}

function field(type: string, name: string): (row: Row) => Json | undefined {
  return ({ event }) => (event.type === type ? event.json.get(name) : undefined);
}

function dockFile(row: Row): string | undefined {
  const dock = field("recording.admitted", "dock")(row);
  return dock === undefined ? undefined : Fields.of(dock, "the dock's statement").id("file");
}

/** Everything disclosed, by what it says of whom; each list but the chains is in the order of the log. */
class Custody {
  /** By subject and rising n. */
  readonly chains: Index;
  /** By subject. */
  readonly bindings: Index;
  /** By the dock's key. */
  readonly enrollments: Index;
  /** By the recording. */
  readonly offloads: Index;
  /** Admissions by the dock's file. */
  readonly dockFiles: Index;

  constructor(disclosed: readonly Disclosed[]) {
    const rows = [...disclosed].sort((a, b) => a.index - b.index);
    const id = (subject: string, n: Json): string => `${subject} ${String(n)}`;
    const attempts = new Index(rows, (row) => {
      const of = field("attempt", "of")(row);
      return of === undefined ? undefined : id(row.event.subject, of);
    });
    // What took no effect has neither named nor vouched for anyone.
    const effective = rows.filter(({ event }) => attempts.of(id(event.subject, event.n)).length === 0);
    this.chains = new Index(disclosed, ({ event }) => event.subject);
    this.bindings = new Index(effective, field("identity.bound", "subject"));
    this.enrollments = new Index(effective, field("dock.enrolled", "key"));
    this.offloads = new Index(rows, field("device.offloaded", "recording"));
    this.dockFiles = new Index(rows, dockFile);
  }

  admission(subject: string): Disclosed | undefined {
    const [first] = this.chains.of(subject);
    return first?.event.type === "recording.admitted" ? first : undefined;
  }
}

/** The names in a binding, which has at least one. */
function namesIn(binding: Row): string {
  const fields = new Fields(binding.event.json, "the binding");
  fields.time("from");
  const named = ["name", "badge", "serial"].filter((name) => fields.has(name));
  if (named.length === 0) refuse("the binding has neither name nor badge nor serial");
  return named.map((name) => (name === "name" ? "" : `${name} `) + fields.text(name)).join(", ");
}

class Judge {
  constructor(
    private readonly custody: Custody,
    private readonly findings: Findings,
  ) {}

  async chain(subject: Subject): Promise<void> {
    await this.findings.check(`subjects/${subject.id}`, () => {
      const rows = this.custody.chains.of(subject.id);
      if (subject.role === "named") return checkOrder(rows);
      verifyChain(rows.map((row) => row.receipt));
      if (subject.kind === "recording" && rows[0]?.event.type !== "recording.admitted")
        refuse("the recording does not begin with its admission");
    });
  }

  /** What an event says by itself and of other chains; its names are the `ok` of the finding. */
  async event(row: Disclosed): Promise<void> {
    await this.findings.check(row.path, () => {
      const { type } = row.event;
      const home = kindOfType(type);
      if (home !== undefined && home !== row.subject.kind)
        refuse(`${type} stands in the chain of a ${row.subject.kind}`);
      if (type === "identity.bound") namesIn(row);
      if (type === "dock.enrolled") new Fields(row.event.json, "the enrollment").bytes("key", 32);
      if (type === "recording.admitted") this.admission(row);
      if (type === "device.offloaded") this.offload(row);
      if (type === "attempt")
        this.findings.add("note", row.path, `event ${String(row.event.json.get("of"))} took no effect`);
      this.findings.add("ok", row.path, `${type} at ${text(row, "at")} by ${this.actor(row)}`);
    });
  }

  private actor(row: Disclosed): string {
    const { actor, actorLedger } = row.event;
    if (actorLedger === undefined || actorLedger === text(row, "ledger"))
      return this.name(actor, "the actor", row);
    this.findings.add("note", row.path, `the actor ${actor} is named in the ledger ${actorLedger}`);
    return `${actor} of ${actorLedger}`;
  }

  /** By the binding in force at `row`. One's first binding may be one's own act and names at once. */
  private name(subject: string, whom: string, row: Disclosed): string {
    const bindings = this.custody.bindings.of(subject);
    const inForce = bindings.filter(({ index }) => index <= row.index).at(-1);
    const binding = inForce ?? bindings[0] ?? refuse(`${whom} ${subject} is not named in the export`);
    if (inForce === undefined)
      this.findings.add("note", row.path, `${whom} ${subject} was named only afterwards`);
    return namesIn(binding);
  }

  private admission(row: Disclosed): void {
    const fields = new Fields(row.event.json, "the admission");
    if (fields.has("device")) {
      const device = fields.id("device");
      this.name(device, "the device", row);
      const whole = this.custody.chains.of(device)[0]?.subject.role === "exported";
      const named = this.custody.offloads.of(row.event.subject).some(({ event }) => event.subject === device);
      if (whole && !named) refuse(`the chain of the device ${device} does not name this recording`);
    }
    if (fields.has("dock")) this.dock(row, fields.object("dock"));
  }

  private dock(row: Disclosed, dock: Fields): void {
    const enrollments = this.custody.enrollments.of(dock.string("key"));
    const enrolled = enrollments.filter(({ index }) => index < row.index).at(-1);
    if (enrolled === undefined) return refuse("no enrollment before it vouches for the dock's key");
    this.name(enrolled.event.subject, "the dock", row);
    const file = dock.id("file");
    if (this.custody.dockFiles.of(file).length > 1) refuse(`the dock's file ${file} is admitted twice`);
  }

  private offload(row: Disclosed): void {
    const recording = new Fields(row.event.json, "the offload").id("recording");
    const act = row.event.act ?? refuse("the offload has no act");
    if (this.custody.offloads.of(recording).length > 1)
      refuse(`the recording ${recording} is offloaded twice`);
    const admission = this.custody.admission(recording)?.event;
    if (admission === undefined) return;
    if (admission.json.get("device") !== row.event.subject)
      refuse(`the admission of ${recording} does not name this device`);
    if (admission.act !== act) refuse(`the admission of ${recording} was another act`);
  }

  async original(source: FileSource, subject: string): Promise<void> {
    const path = originalPath(subject);
    await this.findings.check(path, async () => {
      const row = this.custody.admission(subject) ?? refuse("no admission is of this original");
      const expected = readAdmission(row.event).bytes;
      const hash = sha256.create();
      let bytes = 0;
      for await (const part of source.stream(path)) {
        bytes += part.length;
        if (bytes > expected) refuse(`the original is longer than the ${expected} bytes admitted`);
        hash.update(part);
      }
      checkFile(row.receipt, { sha256: hex(hash.digest()), bytes });
      this.findings.add("ok", path, `${bytes} bytes, as admitted`);
    });
  }
}

/**
 * Verifies an export against what the caller was given from elsewhere. Its form, its receipts and what they
 * say of each other come in this order, and a refusal in one leaves the next unasked: it would only echo.
 */
export async function verifyExport(source: FileSource, anchor: Anchor): Promise<ExportVerdict> {
  const findings = new Findings();
  const checkpoint = await judge(source, anchor, findings);
  const verified = checkpoint !== undefined && !findings.refused;
  return { verified, ...(checkpoint === undefined ? {} : { checkpoint }), findings: findings.all };
}

async function judge(
  source: FileSource,
  anchor: Anchor,
  findings: Findings,
): Promise<Checkpoint | undefined> {
  const small = (path: string, limit: number): Promise<Uint8Array> => readSmall(source, path, limit);
  const files = await source.list();
  for (const needed of ["checkpoint", "manifest.json"]) {
    if (!files.some(({ path, kind }) => path === needed && kind === "file"))
      findings.add("refused", needed, "is missing or not a file");
  }
  if (findings.refused) return undefined;

  const checkpoint = await findings.check("checkpoint", async () =>
    verifyCheckpoint(await small("checkpoint", CHECKPOINT_BYTES_MAX), anchor),
  );
  const manifest = await findings.check("manifest.json", async () =>
    readManifest(await small("manifest.json", MANIFEST_BYTES_MAX)),
  );
  if (checkpoint === undefined || manifest === undefined) return undefined;
  if (manifest.ledger !== checkpoint.origin) findings.add("refused", "manifest.json", "is of another ledger");
  checkFiles(files, manifest, findings);
  if (findings.refused) return checkpoint;

  const rows: Disclosed[] = [];
  for (const subject of manifest.subjects) {
    for (const n of subject.ns) {
      const path = receiptPath(subject.id, n);
      const row = await findings.check(path, async () =>
        disclose(await small(path, RECEIPT_BYTES_MAX), checkpoint, subject, n),
      );
      if (row !== undefined) rows.push(row);
    }
  }
  if (findings.refused) return checkpoint;

  const opened = new Judge(new Custody(rows), findings);
  for (const subject of manifest.subjects) await opened.chain(subject);
  for (const row of rows) await opened.event(row);
  for (const subject of manifest.originals) await opened.original(source, subject);
  for (const { id, kind } of manifest.subjects) {
    if (kind === "recording" && !manifest.originals.includes(id))
      findings.add("note", originalPath(id), "the original is not in the export");
  }
  for (const witness of checkpoint.missing) findings.add("note", "checkpoint", `${witness} has not cosigned`);
  findings.add(
    "note",
    "the export",
    "completeness is not proven: later events or other recordings may exist",
  );
  return checkpoint;
}
