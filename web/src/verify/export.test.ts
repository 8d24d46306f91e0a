// SPDX-License-Identifier: Apache-2.0
// Attacks on custody exports. Each is genuine but for one thing, and has to be refused for that thing.
import assert from "node:assert/strict";
import { test } from "node:test";
import { base64, concat, fromUtf8, utf8 } from "./bytes.js";
import { type ExportVerdict, MANIFEST_BYTES_MAX, verifyExport } from "./export.js";
import {
  cosignLine,
  DEVICE,
  dockStatement,
  FILE,
  filled,
  Forge,
  GENESIS,
  json,
  LOG,
  type Plain,
  signLine,
  statementExtra,
  SUBJECT,
  WITNESS_A,
  WITNESS_B,
} from "./forge.js";
import {
  ACT,
  ADMIN,
  type Change,
  DOCK,
  type ExportForge,
  OFFICER,
  type Step,
  story,
} from "./forge_export.js";
import { makeAnchor } from "./note.js";
import { filesInMemory } from "./source.js";

type Files = Map<string, Uint8Array>;

const ANCHOR = makeAnchor(LOG.vkey, [WITNESS_A.vkey, WITNESS_B.vkey]);
const SECOND = "22".repeat(16);
const STRANGER = "ee".repeat(16);
const MANIFEST = "manifest.json";

function proof(subject: string, n: number | string): string {
  return `subjects/${subject}/${n}.tlog-proof`;
}

function verify(files: Files): Promise<ExportVerdict> {
  return verifyExport(filesInMemory(files), ANCHOR);
}

function said(verdict: ExportVerdict, kind: "ok" | "refused" | "note"): string[] {
  return verdict.findings
    .filter((each) => each.verdict === kind)
    .map(({ about, says }) => `${about}: ${says}`);
}

/** The first refusal has to be the one meant: an attack that another check stops tests nothing. */
function refused(name: string, files: () => Files, why: RegExp): void {
  test(`refused: ${name}`, async () => {
    const verdict = await verify(files());
    assert.equal(verdict.verified, false);
    assert.match(said(verdict, "refused")[0] ?? "nothing is refused", why);
  });
}

function accepted(name: string, files: () => Files, note?: RegExp): void {
  test(`accepted: ${name}`, async () => {
    const verdict = await verify(files());
    assert.deepEqual(said(verdict, "refused"), []);
    assert.equal(verdict.verified, true);
    if (note !== undefined) assert.match(said(verdict, "note").join("\n"), note);
  });
}

function told(changes: Partial<Record<Step, Change | "left out">>, more?: (story: ExportForge) => void) {
  return (): Files => {
    const forge = story(changes);
    more?.(forge);
    return forge.files();
  };
}

/** The honest export with its files changed afterwards. */
function handled(change: (files: Files) => void): () => Files {
  return () => {
    const files = story().files();
    change(files);
    return files;
  };
}

function put(path: string, bytes: Uint8Array | string): () => Files {
  return handled((files) => files.set(path, typeof bytes === "string" ? utf8(bytes) : bytes));
}

function manifested(change: Change): () => Files {
  return () => {
    const forge = story();
    return forge.files().set(MANIFEST, forge.manifest(change));
  };
}

/** The manifest of the honest story with one subject's entry changed, or with entries added. */
function listed(change: Record<string, Plain>, ...more: readonly Plain[]): () => Files {
  const entries = [
    { kind: "recording", role: "exported", rows: [0, 1, 2], subject: SUBJECT, ...change },
    { kind: "device", role: "exported", rows: [0, 1], subject: DEVICE },
    { kind: "dock", role: "named", rows: [0, 1], subject: DOCK },
    { kind: "person", role: "named", rows: [0], subject: OFFICER },
    { kind: "person", role: "named", rows: [0], subject: ADMIN },
  ];
  return manifested({ subjects: [...entries, ...more] });
}

function read(files: Files, path: string): Uint8Array {
  return files.get(path) ?? assert.fail(`${path} is not in the honest export`);
}

function admittedFields(): Change {
  const fields = Object.fromEntries(story().rows(SUBJECT)[0]?.event ?? []) as Change;
  const { bytes, chain_starts_at, device, received_at, sha256 } = fields;
  return { bytes, chain_starts_at, device, dock: dockStatement(), received_at, sha256 };
}

/** A second recording from the same camera and dock. */
function second(admitted: Change = {}, offloaded: Change | "left out" = {}): (story: ExportForge) => void {
  return (forge) => {
    const act = "bc".repeat(16);
    const dock = dockStatement({ file: "2f".repeat(16) });
    forge.subject(SECOND, "recording", "exported");
    forge.log(SECOND, "recording.admitted", { ...admittedFields(), act, dock, ...admitted });
    if (offloaded !== "left out")
      forge.log(DEVICE, "device.offloaded", { act, recording: SECOND, ...offloaded });
  };
}

test("an honest export verifies, says who did what, and claims no completeness", async () => {
  const verdict = await verify(story().files());
  assert.equal(verdict.verified, true);
  assert.equal(verdict.checkpoint?.state, "final");
  const ok = said(verdict, "ok");
  assert.equal(ok.length, 10);
  assert.match(ok[1] ?? "", /1\.tlog-proof: recording\.viewed at 2022-.* by Olu Officer, badge 4711$/);
  assert.match(ok.at(-1) ?? "", /originals\/.*: 3 bytes, as admitted/);
  assert.deepEqual(said(verdict, "note").length, 1);
  assert.match(said(verdict, "note")[0] ?? "", /completeness is not proven/);
});

accepted("two recordings of one camera", told({}, second()));
accepted(
  "an original that stays at home",
  told({}, (forge) => (forge.originals = {})),
  /not in the export/,
);
accepted(
  "a camera that is only named, by its binding",
  told({}, (forge) => forge.subject(DEVICE, "device", "named").withhold(DEVICE, 1)),
);
accepted(
  "a row withheld of someone who is only named",
  told({}, (forge) => {
    forge.log(OFFICER, "identity.noted").log(OFFICER, "identity.bound", {
      badge: "4712",
      from: "2022-12-02T06:12:30.00Z",
    });
    forge.withhold(OFFICER, 1);
  }),
);
accepted(
  "a guest, whose name another ledger holds",
  told({ viewed: { actor: STRANGER, actor_ledger: "ledger.example/other" } }),
  /named in the ledger ledger.example\/other/,
);
accepted(
  "an officer who was named only afterwards",
  told({ officer: "left out" }, (forge) =>
    forge.log(OFFICER, "identity.bound", { from: "2022-12-02T06:12:30.00Z", name: "Olu Officer" }),
  ),
  /named only afterwards/,
);
accepted(
  "a view that took no effect",
  told({}, (forge) => forge.log(SUBJECT, "attempt", { of: 1 })),
  /event 1 took no effect/,
);
test("the binding in force is the last one before the event", async () => {
  const forge = story().log(OFFICER, "identity.bound", { badge: "9", from: "2022-12-02T06:12:30.00Z" });
  forge.log(SUBJECT, "recording.viewed", { actor: OFFICER });
  const ok = said(await verify(forge.files()), "ok");
  assert.match(ok[1] ?? "", /badge 4711$/);
  assert.match(ok[3] ?? "", /by badge 9$/);
});
test("what no witness cosigned is sealed, and each missing one is noted", async () => {
  const forge = story();
  const files = forge.files();
  const text = forge.forge.text();
  const cosigned = forge.forge.signatures(text);
  const alone = signLine(LOG, text) + cosignLine(WITNESS_B, text, forge.forge.cosignedAt);
  for (const [path, bytes] of files) {
    const before = fromUtf8(bytes, path);
    if (before.endsWith(cosigned)) files.set(path, utf8(before.slice(0, -cosigned.length) + alone));
  }
  const verdict = await verify(files);
  assert.equal(verdict.verified, true);
  assert.equal(verdict.checkpoint?.state, "sealed");
  assert.match(said(verdict, "note").join("\n"), /checkpoint: witness.example\/a has not cosigned/);
});

// What lies in the folder.
for (const path of ["checkpoint", MANIFEST, proof(SUBJECT, 1), `originals/${SUBJECT}`]) {
  refused(
    `without ${path}`,
    handled((files) => files.delete(path)),
    new RegExp(`^${path}: is missing`),
  );
}
for (const path of [
  "README",
  proof(SUBJECT, 3),
  proof(SUBJECT, "01"),
  proof(SUBJECT, "head-4"),
  proof(STRANGER, 0),
  `originals/${OFFICER}`,
  `originals/${SUBJECT.toUpperCase()}`,
  `./${MANIFEST}`,
  `../${MANIFEST}`,
  `/${MANIFEST}`,
  "",
]) {
  refused(`with a file that nobody listed: ${path}`, put(path, "x"), /is not listed/);
}
for (const path of ["checkpoint", MANIFEST, proof(SUBJECT, 1), `originals/${SUBJECT}`, "stray"]) {
  test(`refused: ${path} as a link, which is never opened`, async () => {
    const files = story().files();
    const honest = filesInMemory(files);
    const opened: string[] = [];
    const verdict = await verifyExport(
      {
        list: async () => [
          ...(await honest.list()).filter((file) => file.path !== path),
          { path, kind: "other" },
        ],
        stream: (name) => {
          opened.push(name);
          return honest.stream(name);
        },
      },
      ANCHOR,
    );
    assert.match(said(verdict, "refused")[0] ?? "", /not a file/);
    assert.ok(!opened.includes(path));
  });
}
test("refused: an archive that holds one path twice", async () => {
  const honest = filesInMemory(story().files());
  const list = async () => [...(await honest.list()), { path: "checkpoint", kind: "file" as const }];
  const verdict = await verifyExport({ ...honest, list }, ANCHOR);
  assert.match(said(verdict, "refused")[0] ?? "", /checkpoint: is not listed/);
});
test("a file that cannot be read is no verdict", async () => {
  for (const path of ["checkpoint", MANIFEST, proof(SUBJECT, 1), `originals/${SUBJECT}`]) {
    const honest = filesInMemory(story().files());
    const source = {
      ...honest,
      async *stream(name: string) {
        if (name === path) throw new Error("the disk is gone");
        yield* honest.stream(name);
      },
    };
    await assert.rejects(verifyExport(source, ANCHOR), /the disk is gone/);
  }
});
test("an original that comes in small pieces is the same original", async () => {
  const honest = filesInMemory(story().files());
  const source = {
    ...honest,
    async *stream(name: string) {
      for await (const bytes of honest.stream(name))
        for (let at = 0; at < bytes.length; at += 7) yield bytes.subarray(at, at + 7);
    },
  };
  assert.equal((await verifyExport(source, ANCHOR)).verified, true);
});

// The manifest.
refused(
  "a manifest longer than the limit",
  put(MANIFEST, filled(0x20, MANIFEST_BYTES_MAX + 1)),
  /longer than/,
);
refused(
  "a manifest with a newline",
  handled((files) => {
    files.set(MANIFEST, concat(read(files, MANIFEST), utf8("\n")));
  }),
  /bytes after its value/,
);
refused(
  "a manifest spelled otherwise",
  handled((files) => {
    files.set(MANIFEST, utf8(fromUtf8(read(files, MANIFEST), "it").replace(",", ", ")));
  }),
  /manifest/,
);
refused("an empty manifest", put(MANIFEST, ""), /not JSON/);
refused("a manifest that is a list", put(MANIFEST, "[]"), /not an object/);
refused("another format", manifested({ format: "lapel-export" }), /not a custody export/);
refused("version 2", manifested({ version: 2 }), /version/);
refused("version as a text", manifested({ version: "1" }), /not an integer/);
refused("a claim of completeness", manifested({ completeness: "proven" }), /cannot prove/);
refused("no word on completeness", manifested({ completeness: undefined }), /lacks completeness/);
refused("another ledger", manifested({ ledger: "ledger.example/other" }), /another ledger/);
refused("an unknown field", manifested({ zone: "x" }), /unknown field zone/);
refused("an unknown field of a subject", listed({ zone: "x" }), /unknown field zone/);
refused(
  "an unknown field of an original",
  manifested({
    originals: [{ path: `originals/${SUBJECT}`, sha256: "x", subject: SUBJECT }],
  }),
  /unknown field sha256/,
);
refused("an unknown kind", listed({ kind: "case" }), /kind is unknown/);
refused("an unknown role", listed({ role: "shown" }), /role is unknown/);
refused("a subject that is no id", listed({ subject: "../x" }), /not an id/);
refused(
  "a subject twice",
  listed({}, { kind: "person", role: "named", rows: [1], subject: SUBJECT }),
  /a subject is listed twice/,
);
refused("rows that fall", listed({ rows: [0, 2, 1] }), /do not rise/);
refused("a row twice", listed({ rows: [0, 1, 1, 2] }), /do not rise/);
refused("a row that is a text", listed({ rows: ["0", "1", "2"] }), /not an integer/);
refused("no rows", listed({ rows: [] }), /no row/);
refused("a gap in an exported chain", listed({ rows: [0, 2] }), /not all from 0/);
refused("an exported chain without its start", listed({ rows: [1, 2] }), /not all from 0/);
refused("a recording that is only named", listed({ role: "named", rows: [1] }), /named but not exported/);
refused(
  "an export of nothing",
  () => {
    const forge = story();
    forge.logged.splice(0);
    forge.originals = {};
    return forge.files();
  },
  /exports no subject/,
);
refused(
  "an original elsewhere",
  manifested({ originals: [{ path: "originals/../x", subject: SUBJECT }] }),
  /elsewhere/,
);
refused(
  "an original under another's name",
  manifested({
    originals: [{ path: `originals/${SUBJECT}`, subject: OFFICER }],
  }),
  /elsewhere/,
);
refused(
  "an original twice",
  manifested({
    originals: Array(2).fill({ path: `originals/${SUBJECT}`, subject: SUBJECT }) as Plain[],
  }),
  /twice/,
);

// The checkpoint, and the receipts under it.
refused(
  "a checkpoint by another key",
  handled((files) => {
    const other = new Forge({ ...LOG, seed: filled(1) });
    files.set("checkpoint", utf8(`${other.text()}\n${signLine(other.log, other.text())}`));
  }),
  /log's signature is wrong/,
);
refused(
  "an honest checkpoint of another size",
  handled((files) => {
    const other = new Forge(LOG);
    files.set("checkpoint", utf8(`${other.text()}\n${signLine(LOG, other.text())}`));
  }),
  /0\.tlog-proof: the receipt stands under another checkpoint/,
);
refused(
  "a checkpoint with one signature line more",
  handled((files) => {
    const line = utf8("\u2014 x AAAAAAA=\n");
    files.set("checkpoint", concat(read(files, "checkpoint"), line));
  }),
  /another checkpoint/,
);
refused(
  "one receipt under an earlier checkpoint",
  handled((files) => {
    const path = proof(SUBJECT, 0);
    files.set(path, read(story({ flagged: "left out" }).files(), path));
  }),
  /0\.tlog-proof: the receipt stands under another checkpoint/,
);
refused("an empty receipt", put(proof(SUBJECT, 1), ""), /no checkpoint/);
refused("a receipt longer than the limit", put(proof(SUBJECT, 1), filled(0x20, 262_145)), /longer than/);
refused(
  "a receipt with another index",
  handled((files) => {
    const path = proof(SUBJECT, 1);
    files.set(path, utf8(fromUtf8(read(files, path), path).replace("\nindex 8\n", "\nindex 9\n")));
  }),
  /path/,
);
refused(
  "two receipts in each other's place",
  handled((files) => {
    const [one, two] = [read(files, proof(SUBJECT, 1)), read(files, proof(SUBJECT, 2))];
    files.set(proof(SUBJECT, 1), two).set(proof(SUBJECT, 2), one);
  }),
  /1\.tlog-proof: the receipt is of event 2/,
);
refused(
  "one receipt in two places",
  handled((files) => {
    files.set(proof(SUBJECT, 2), read(files, proof(SUBJECT, 1)));
  }),
  /2\.tlog-proof: the receipt is of event 1/,
);
refused(
  "a receipt of another subject",
  handled((files) => {
    files.set(proof(SUBJECT, 0), read(files, proof(OFFICER, 0)));
  }),
  /another subject than its folder/,
);
refused(
  "a receipt of a statement",
  () => {
    const forge = story();
    return forge.files().set(proof(SUBJECT, 0), forge.forge.receipt(0, statementExtra(json(GENESIS))));
  },
  /discloses no event/,
);
refused("an event from the future", told({ viewed: { at: "2022-12-02T06:18:00.01Z" } }), /later time/);

// Chains.
refused(
  "a row that continues another history",
  told({ viewed: { prev: base64(filled(9)) } }),
  /does not continue/,
);
refused("an event of another subject", told({ viewed: { subject: SECOND } }), /another subject/);
refused("an n that is skipped", told({ flagged: { n: 3 } }), /is of event 3/);
refused(
  "a recording without its admission",
  told({
    admitted: { type: "recording.imported" },
    offloaded: "left out",
  }),
  /does not begin with its admission/,
);
refused(
  "a named chain that continues another history",
  told({ enrolled: { prev: base64(filled(9)) } }),
  /does not continue/,
);
refused(
  "events out of the log's order",
  () => {
    const forge = story();
    const rows = forge.rows(SUBJECT);
    const index = forge.forge.leaves.length;
    // The admission is logged once more, behind its successors, and the export shows that leaf.
    const [first] = rows;
    if (first === undefined) assert.fail();
    forge.forge.addEvent(first.event, first.salt);
    forge.logged.splice(forge.logged.indexOf(first), 1, { ...first, index });
    return forge.files();
  },
  /stands before event 0/,
);
refused(
  "named events out of the log's order",
  () => {
    const forge = story();
    const [first] = forge.rows(DOCK);
    if (first === undefined) assert.fail();
    const index = forge.forge.addEvent(first.event, first.salt);
    forge.logged.splice(forge.logged.indexOf(first), 1, { ...first, index });
    return forge.files();
  },
  /stands before event 0/,
);
refused(
  "an event after the destruction",
  told({}, (forge) => {
    const first = forge.rows(SUBJECT)[0]?.index ?? 0;
    forge.log(SUBJECT, "recording.destroyed", { certificate: "c", first }).log(SUBJECT, "recording.viewed");
  }),
  /follows the destruction/,
);
refused(
  "an admission in a person's chain",
  told({}, (forge) => forge.subject(SUBJECT, "person", "exported")),
  /recording.admitted stands in the chain of a person/,
);
refused(
  "an admission in a named person's chain",
  told({}, (forge) => forge.subject(SUBJECT, "person", "named")),
  /recording.admitted stands in the chain of a person/,
);
for (const n of [1, 2]) {
  refused(
    `a recording of which event ${n} alone is shown, as a person's`,
    told({}, (forge) => {
      forge.originals = {};
      forge.subject(SUBJECT, "person", "named").withhold(SUBJECT, ...[0, 1, 2].filter((other) => other !== n));
    }),
    /recording.(viewed|flagged) stands in the chain of a person/,
  );
}
refused(
  "an offload in a person's chain",
  told({}, (forge) => forge.subject(DEVICE, "person", "exported")),
  /device.offloaded stands in the chain of a person/,
);
refused(
  "an enrollment in a device's chain",
  told({}, (forge) => forge.subject(DOCK, "device", "named")),
  /dock.enrolled stands in the chain of a device/,
);
refused(
  "an enrollment in the recording's own chain",
  told({}, (forge) => forge.log(SUBJECT, "dock.enrolled", { key: base64(filled(1)) })),
  /dock.enrolled stands in the chain of a recording/,
);
refused(
  "an attempt of itself",
  told({}, (forge) => forge.log(SUBJECT, "attempt", { of: 3 })),
  /does not precede/,
);
refused(
  "an attempt of nothing",
  told({}, (forge) => forge.log(SUBJECT, "attempt")),
  /lacks of/,
);

// Originals.
refused("an original changed", put(`originals/${SUBJECT}`, "abd"), /SHA-256/);
refused("an original cut", put(`originals/${SUBJECT}`, "ab"), /2 bytes/);
refused("an empty original", put(`originals/${SUBJECT}`, ""), /0 bytes/);
refused("an original with a tail", put(`originals/${SUBJECT}`, "abcd"), /longer than the 3 bytes/);
refused(
  "an original of a person",
  told({}, (forge) => (forge.originals = { [OFFICER]: FILE })),
  /no admission/,
);
refused(
  "an original of nobody",
  told({}, (forge) => (forge.originals = { [STRANGER]: FILE })),
  /no admission/,
);

// Names.
refused("an officer without a name", told({ officer: "left out" }), /actor a1.* is not named/);
refused("an administrator without a name", told({ admin: "left out" }), /actor a0.* is not named/);
refused(
  "a camera without a name",
  told({}, (forge) => {
    forge.subject(DEVICE, "device", "named").withhold(DEVICE, 0, 1);
  }),
  /device d0.* is not named/,
);
refused(
  "a dock without a name",
  told({}, (forge) => forge.withhold(DOCK, 0)),
  /dock dd.* is not named/,
);
refused(
  "a guest of this very ledger without a name",
  told({
    viewed: { actor: STRANGER, actor_ledger: LOG.name },
  }),
  /actor ee.* is not named/,
);
refused(
  "a guest's camera without a name",
  told(
    {
      admitted: { actor: STRANGER, actor_ledger: "ledger.example/other" },
    },
    (forge) => forge.subject(DEVICE, "device", "named").withhold(DEVICE, 0, 1),
  ),
  /device d0.* is not named/,
);
refused("a binding of another person", told({ officer: { subject: STRANGER } }), /another subject/);
refused(
  "a binding that took no effect",
  told({ viewed: "left out", flagged: "left out" }, (forge) => {
    forge.log(OFFICER, "attempt", { of: 0 }).log(SUBJECT, "recording.viewed", { actor: OFFICER });
  }),
  /actor a1.* is not named/,
);
for (const [name, change, why] of [
  ["without a name", { badge: undefined, name: undefined }, /neither name nor badge nor serial/],
  ["without a time", { from: undefined }, /lacks from/],
  ["with no real time", { from: "2022-02-30T00:00:00.00Z" }, /no real time/],
  ["with an empty name", { name: "" }, /name is empty/],
  ["with a number for a badge", { badge: 4711 }, /badge is not a string/],
] as const) {
  refused(`a binding ${name}`, told({ officer: change }), why);
}

// Docks and devices.
refused(
  "a dock nobody enrolled",
  told({}, (forge) => forge.withhold(DOCK, 1)),
  /vouches/,
);
refused("another key enrolled", told({ enrolled: { key: base64(filled(1)) } }), /vouches/);
refused(
  "an enrolled key of 31 bytes",
  told({}, (forge) => forge.log(DOCK, "dock.enrolled", { key: base64(filled(1, 31)) })),
  /31 bytes/,
);
refused(
  "a dock enrolled afterwards",
  told({ enrolled: "left out" }, (forge) =>
    forge.log(DOCK, "dock.enrolled", { key: dockStatement()["key"] }),
  ),
  /vouches/,
);
refused(
  "an enrollment that took no effect",
  told({ viewed: "left out" }, (forge) => forge.log(DOCK, "attempt", { of: 1 })),
  /vouches/,
);
refused(
  "a key that a nameless dock took over",
  told({ admitted: "left out", offloaded: "left out", viewed: "left out", flagged: "left out" }, (forge) => {
    forge.originals = {};
    forge.subject(STRANGER, "dock", "named").log(STRANGER, "dock.enrolled", { key: dockStatement()["key"] });
    forge.log(SUBJECT, "recording.admitted", { ...admittedFields(), act: ACT });
    forge.log(DEVICE, "device.offloaded", { act: ACT, recording: SUBJECT });
  }),
  /dock ee.* is not named/,
);
refused("one file of a dock admitted twice", told({}, second({ dock: dockStatement() })), /admitted twice/);
refused(
  "a dock's statement on another file",
  told({ admitted: { sha256: "00".repeat(32) } }),
  /differs in sha256/,
);
refused(
  "an offload that is not in the device's chain",
  told({ offloaded: "left out" }),
  /chain of the device d0.* does not name/,
);
refused(
  "a second recording its device does not name",
  told({}, second({}, "left out")),
  /does not name this recording/,
);
refused(
  "an offload of nothing",
  told({ offloaded: { recording: undefined } }, (forge) => {
    forge.log(DEVICE, "device.offloaded", { act: ACT, recording: SUBJECT });
  }),
  /lacks recording/,
);
refused("an offload without an act", told({ offloaded: { act: undefined } }), /has no act/);
refused(
  "neither offload nor admission with an act",
  told({
    admitted: { act: undefined },
    offloaded: { act: undefined },
  }),
  /has no act/,
);
refused("an offload of another act", told({ offloaded: { act: "bb".repeat(16) } }), /another act/);
refused("an admission without the offload's act", told({ admitted: { act: undefined } }), /another act/);
refused(
  "an offload twice",
  told({}, (forge) => forge.log(DEVICE, "device.offloaded", { act: ACT, recording: SUBJECT })),
  /offloaded twice/,
);
refused(
  "an offload by two devices",
  told({}, (forge) => {
    const bound = { from: "2022-12-02T06:00:00.00Z", serial: "X-8" };
    forge.subject(STRANGER, "device", "exported").log(STRANGER, "identity.bound", bound);
    forge.log(STRANGER, "device.offloaded", { act: ACT, recording: SUBJECT });
  }),
  /offloaded twice/,
);
refused(
  "a device that only the dock's statement names",
  told({ admitted: { device: undefined } }),
  /lacks device/,
);
refused(
  "an offload of a recording that came through no device",
  told({
    admitted: { chain_starts_at: "server", device: undefined, dock: undefined },
  }),
  /does not name this device/,
);
refused(
  "an offload that names what is no recording",
  told({}, (forge) => forge.log(DEVICE, "device.offloaded", { act: ACT, recording: "x" })),
  /not an id/,
);
refused(
  "an offload by a device the admission does not name",
  told({ admitted: { device: STRANGER, dock: dockStatement({ device: STRANGER }) } }, (forge) => {
    const bound = { from: "2022-12-02T06:00:00.00Z", serial: "X-8" };
    forge.subject(STRANGER, "device", "named").log(STRANGER, "identity.bound", bound);
  }),
  /does not name this device/,
);
