// SPDX-License-Identifier: Apache-2.0
// For tests: a custody export of one recording and its camera, told event by event, honestly or bent.
import { sha256 } from "@noble/hashes/sha2";
import { base64, utf8 } from "./bytes.js";
import { commitmentOf } from "./entry.js";
import {
  DEVICE,
  dockStatement,
  eventExtra,
  FILE,
  FILE_SHA256,
  Forge,
  GENESIS,
  json,
  LOG,
  object,
  type Plain,
  SUBJECT,
  WITNESS_A,
  WITNESS_B,
} from "./forge.js";
import { type Json, type JsonObject, writeJson } from "./json.js";

export const ADMIN = "a0".repeat(16);
export const OFFICER = "a1".repeat(16);
export const DOCK = "dd".repeat(16);
export const ACT = "ac".repeat(16);

/** An undefined member takes the field away. */
export type Change = Record<string, Plain | undefined>;

interface Logged {
  readonly folder: string;
  readonly n: number;
  readonly event: JsonObject;
  readonly salt: Uint8Array;
  readonly commitment: Uint8Array;
  readonly index: number;
}

export class ExportForge {
  readonly forge = new Forge(LOG, [WITNESS_A, WITNESS_B], Date.parse("2022-12-02T06:13:00Z") / 1000);
  readonly kinds = new Map<string, string>();
  readonly roles = new Map<string, string>();
  readonly logged: Logged[] = [];
  originals: Record<string, Uint8Array> = { [SUBJECT]: FILE };

  constructor() {
    this.forge.addStatement(json(GENESIS));
  }

  subject(id: string, kind: string, role: string): this {
    this.kinds.set(id, kind);
    this.roles.set(id, role);
    return this;
  }

  rows(id: string): readonly Logged[] {
    return this.logged.filter(({ folder }) => folder === id);
  }

  log(folder: string, type: string, change: Change = {}): this {
    const before = this.rows(folder).at(-1);
    const n = before === undefined ? 0 : before.n + 1;
    const fields: Change = {
      actor: ADMIN,
      at: "2022-12-02T06:12:10.00Z",
      ledger: LOG.name,
      n,
      prev: before === undefined ? undefined : base64(before.commitment),
      subject: folder,
      type,
      ...change,
    };
    const present = Object.entries(fields).filter(
      (field): field is [string, Plain] => field[1] !== undefined,
    );
    const event = object(Object.fromEntries(present));
    const salt = sha256(utf8(`${folder} ${n} ${this.forge.leaves.length}`));
    const commitment = commitmentOf(event, salt);
    this.logged.push({ folder, n, event, salt, commitment, index: this.forge.addEvent(event, salt) });
    return this;
  }

  /** Rows logged to this subject so far stay in the ledger and out of the export. */
  withhold(id: string, ...ns: readonly number[]): this {
    const kept = this.logged.filter(({ folder, n }) => folder !== id || !ns.includes(n));
    this.logged.splice(0, this.logged.length, ...kept);
    return this;
  }

  manifest(change: Change = {}): Uint8Array {
    const subjects = [...this.kinds]
      .map(([subject, kind]) => ({
        kind,
        role: this.roles.get(subject) ?? "",
        rows: this.rows(subject).map(({ n }) => n),
        subject,
      }))
      .filter(({ rows }) => rows.length > 0);
    const whole: Change = {
      completeness: "not proven",
      format: "lapel-custody-export",
      ledger: LOG.name,
      originals: Object.keys(this.originals).map((subject) => ({ path: `originals/${subject}`, subject })),
      subjects,
      version: 1,
      ...change,
    };
    const members = Object.entries(whole).filter(
      (member): member is [string, Plain] => member[1] !== undefined,
    );
    return utf8(writeJson(new Map<string, Json>(members.map(([name, value]) => [name, json(value)]))));
  }

  files(): Map<string, Uint8Array> {
    const text = this.forge.text();
    const files = new Map([
      ["checkpoint", utf8(`${text}\n${this.forge.signatures(text)}`)],
      ["manifest.json", this.manifest()],
    ]);
    for (const { folder, n, event, salt, index } of this.logged)
      files.set(`subjects/${folder}/${n}.tlog-proof`, this.forge.receipt(index, eventExtra(event, salt)));
    for (const [subject, bytes] of Object.entries(this.originals)) files.set(`originals/${subject}`, bytes);
    return files;
  }
}

const BOUND = { from: "2022-12-02T06:00:00.00Z" };

/** What happens in the honest story, in its order; a test changes a step's fields or leaves it out. */
const STEPS = {
  admin: [ADMIN, "identity.bound", { ...BOUND, name: "Ada Admin" }],
  officer: [OFFICER, "identity.bound", { ...BOUND, badge: "4711", name: "Olu Officer" }],
  camera: [DEVICE, "identity.bound", { ...BOUND, serial: "X-7" }],
  dock: [DOCK, "identity.bound", { ...BOUND, name: "Dock North" }],
  enrolled: [DOCK, "dock.enrolled", { key: dockStatement()["key"] }],
  admitted: [
    SUBJECT,
    "recording.admitted",
    {
      act: ACT,
      bytes: FILE.length,
      chain_starts_at: "dock",
      device: DEVICE,
      dock: dockStatement(),
      received_at: "2022-12-02T06:12:07.10Z",
      sha256: FILE_SHA256,
    },
  ],
  offloaded: [DEVICE, "device.offloaded", { act: ACT, recording: SUBJECT }],
  viewed: [SUBJECT, "recording.viewed", { actor: OFFICER }],
  flagged: [SUBJECT, "recording.flagged", { actor: OFFICER, flag: "use_of_force" }],
} as const satisfies Record<string, readonly [string, string, Change]>;

export type Step = keyof typeof STEPS;

export function story(changes: Partial<Record<Step, Change | "left out">> = {}): ExportForge {
  const forge = new ExportForge()
    .subject(SUBJECT, "recording", "exported")
    .subject(DEVICE, "device", "exported")
    .subject(DOCK, "dock", "named")
    .subject(OFFICER, "person", "named")
    .subject(ADMIN, "person", "named");
  for (const [step, [subject, type, fields]] of Object.entries(STEPS)) {
    const change = changes[step as Step] ?? {};
    if (change !== "left out") forge.log(subject, type, { ...fields, ...change });
  }
  return forge;
}
