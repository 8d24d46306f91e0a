// SPDX-License-Identifier: Apache-2.0
// Attacks on the text of receipts, their checkpoints and their signatures.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { ED25519_TORSION_SUBGROUP, ed25519 } from "@noble/curves/ed25519";
import { sha256 } from "@noble/hashes/sha2";
import { accepted, ANCHOR, EVENT, FORGE, refused, SOON } from "./attack.js";
import { base64, concat, fromBase64, fromUtf8, hex, u64, utf8 } from "./bytes.js";
import { verifyEd25519 } from "./ed25519.js";
import { privateEntry, readEvent } from "./entry.js";
import {
  admission,
  assemble,
  cosignLine,
  dockStatement,
  eventExtra,
  FILE,
  FILE_SHA256,
  filled,
  Forge,
  GENESIS,
  LOG,
  receiptOf,
  receiptOfStatement,
  type ReceiptParts,
  SALT,
  signatureLine,
  type Signer,
  signer,
  signLine,
  vkeyOf,
  WITNESS_A,
  WITNESS_B,
} from "./forge.js";
import { leafHash, nodeHash } from "./merkle.js";
import { makeAnchor, parseNote, parseVerifierKey, verifyCheckpoint } from "./note.js";
import { checkFile, RECEIPT_BYTES_MAX, verifyReceipt } from "./receipt.js";
import { BadAnchor, Refusal } from "./refusal.js";

const FACTS = { sha256: FILE_SHA256, bytes: FILE.length };
const PARTS = FORGE.parts(2, eventExtra(EVENT, SALT));
const GOOD = assemble(PARTS);

function changed(parts: Partial<ReceiptParts>): Uint8Array {
  return assemble({ ...PARTS, ...parts });
}

/** The good receipt with its text changed; a change that changes nothing is a mistake in the test. */
function edited(edit: (text: string) => string): Uint8Array {
  const text = fromUtf8(GOOD, "the receipt");
  const out = edit(text);
  assert.notEqual(out, text);
  return utf8(out);
}

/** The good receipt under another checkpoint text, signed anew. */
function resigned(edit: (text: string) => string): Uint8Array {
  const text = edit(PARTS.text);
  assert.notEqual(text, PARTS.text);
  return changed({ text, signatures: FORGE.signatures(text) });
}

test("a good receipt is final by the log and both witnesses, and proves its file", () => {
  const receipt = verifyReceipt(GOOD, ANCHOR);
  assert.equal(receipt.checkpoint.state, "final");
  assert.deepEqual(
    receipt.checkpoint.cosignatures.map((c) => c.witness),
    ["witness.example/a", "witness.example/b"],
  );
  const admitted = checkFile(receipt, FACTS);
  assert.equal(admitted.chainStartsAt, "dock");
  assert.equal(admitted.dockKey, dockStatement()["key"]);
});

test("every byte of a good receipt, changed, spoils it or costs it a witness", () => {
  const text = fromUtf8(GOOD, "the receipt");
  const witnessLines = utf8(text.slice(0, text.indexOf("\u2014 witness"))).length;
  let sealed = 0;
  GOOD.forEach((byte, i) => {
    const attack = Uint8Array.from(GOOD);
    attack[i] = byte ^ (1 << (i % 8));
    try {
      const receipt = verifyReceipt(attack, ANCHOR);
      assert.ok(i >= witnessLines && receipt.checkpoint.state === "sealed", `byte ${i} made no difference`);
      sealed++;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
    }
  });
  // Only a witness's name and key id may change without a trace: the line is then some unknown key's.
  assert.ok(sealed > 0 && sealed <= 2 * ("witness.example/a".length + 6), `${sealed} changes were tolerated`);
});

test("every truncation of a good receipt is refused or has lost a whole witness line", () => {
  for (let length = 0; length < GOOD.length; length += length < 1200 ? 13 : 1) {
    try {
      const { state } = verifyReceipt(GOOD.subarray(0, length), ANCHOR).checkpoint;
      assert.ok(state === "sealed" && GOOD[length - 1] === 0x0a);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
    }
  }
});

// The frame.
refused("an empty file", new Uint8Array(), /no checkpoint/);
refused("a receipt of more than the limit", new Uint8Array(RECEIPT_BYTES_MAX + 1), /longer than/);
refused("another version", changed({ magic: "c2sp.org/tlog-proof@v2" }), /not a tlog-proof/);
refused("a byte order mark", concat(Uint8Array.of(0xef, 0xbb, 0xbf), GOOD), /not a tlog-proof/);
refused("a newline before", concat(utf8("\n"), GOOD), /not a tlog-proof/);
refused("a byte after", concat(GOOD, utf8("x")), /signature block/);
refused("a newline after", concat(GOOD, utf8("\n")), /no signature/);
refused("the last newline missing", GOOD.subarray(0, -1), /signature block/);
refused("CRLF throughout", () => edited((t) => t.replaceAll("\n", "\r\n")), /no checkpoint/);
refused("CR after the index", changed({ index: "2\r" }), /plain decimal/);
refused("CR in the checkpoint", () => resigned((t) => t.replace("\n5\n", "\n5\r\n")), /control character/);
refused(
  "an overlong newline in UTF-8",
  concat(GOOD.subarray(0, 22), Uint8Array.of(0xc0, 0x8a), GOOD.subarray(23)),
  /UTF-8/,
);
refused("a second receipt after the first", concat(GOOD, GOOD), /three lines|malformed/);
refused(
  "extra after index",
  () => edited((t) => t.replace(/^(extra .*)\n(index .*)$/m, "$2\n$1")),
  /open its leaf/,
);
refused("no extra", () => edited((t) => t.replace(/^extra .*\n/m, "")), /open its leaf/);
refused("two extras", () => edited((t) => t.replace(/^(extra .*)$/m, "$1\n$1")), /no index/);
refused("an empty extra", changed({ extra: "" }), /extra is not JSON/);
refused("two spaces after extra", changed({ extra: ` ${PARTS.extra}` }), /extra is not/);
refused("a tab after extra", () => edited((t) => t.replace("extra ", "extra\t")), /open its leaf/);
refused("extra in upper case", () => edited((t) => t.replace("extra ", "Extra ")), /open its leaf/);
refused("extra without padding", changed({ extra: base64(utf8("{}")).replace("=", "") }), /base64/);
refused("extra with stray bits in its last letter", changed({ extra: "e31=" }), /canonical base64/);
refused("extra in the URL alphabet", changed({ extra: `${PARTS.extra.slice(0, -4)}__8=` }), /base64/);
refused("no index", () => edited((t) => t.replace(/^index .*\n/m, "")), /no index/);

for (const index of [
  "02",
  "+2",
  "-2",
  " 2",
  "2 ",
  "",
  "0x2",
  "2.0",
  "2e0",
  "\u0662",
  "\uff12",
  "2\u0000",
  "9007199254740992",
  "18446744073709551618",
]) {
  refused(`the index ${JSON.stringify(index)}`, changed({ index }), /plain decimal|beyond 2\^53/);
}
refused("an index at the size", changed({ index: "5" }), /outside the tree/);
refused("an index far outside", changed({ index: "9007199254740991" }), /outside the tree/);
refused("the neighbor's index", changed({ index: "3" }), /does not lead/);
refused("index 0 for an event", changed({ index: "0" }), /leaf 0/);

// The path.
const [P0, P1, P2] = PARTS.path as [string, string, string];
refused("a path one short", changed({ path: [P0, P1] }), /too short/);
refused("no path", changed({ path: [] }), /too short/);
refused("a path one long", changed({ path: [P0, P1, P2, P2] }), /too long/);
refused("a path out of order", changed({ path: [P1, P0, P2] }), /does not lead/);
refused("a path of 64 hashes", changed({ path: Array.from({ length: 64 }, () => P0) }), /too long/);
refused("a hash of 31 bytes", changed({ path: [P0, P1, base64(filled(1, 31))] }), /31 bytes/);
refused("a hash of 33 bytes", changed({ path: [P0, P1, base64(filled(1, 33))] }), /33 bytes/);
refused("a hash in hexadecimal", changed({ path: [P0, P1, hex(filled(1))] }), /48 bytes/);
refused("an empty line in the path", changed({ path: [P0, "", P1, P2] }), /three lines/);
refused("a space after a hash", changed({ path: [P0, `${P1} `, P2] }), /base64/);
refused(
  "an inner node shown as the leaf's parent",
  () => {
    // The root's left child, passed off as a leaf, has a path of one; the leaf prefix is what stops it.
    return changed({ index: "0", path: [P2] });
  },
  /leaf 0|too short/,
);

// The checkpoint.
refused("a size with a zero before", () => resigned((t) => t.replace("\n5\n", "\n05\n")), /plain decimal/);
refused("a size with a plus", () => resigned((t) => t.replace("\n5\n", "\n+5\n")), /plain decimal/);
refused("a size in Arabic digits", () => resigned((t) => t.replace("\n5\n", "\n\u0665\n")), /plain decimal/);
refused(
  "a size beyond 2^53",
  () => resigned((t) => t.replace("\n5\n", "\n9007199254740993\n")),
  /beyond 2\^53/,
);
refused("another size, signed", () => resigned((t) => t.replace("\n5\n", "\n9\n")), /too short/);
refused(
  "another size, not signed",
  changed({ text: PARTS.text.replace("\n5\n", "\n6\n") }),
  /log's signature/,
);
refused(
  "another root, signed",
  () => resigned((t) => t.replace(/\n[^\n]+\n$/, `\n${base64(filled(9))}\n`)),
  /does not lead/,
);
refused(
  "a root of 31 bytes",
  () => resigned((t) => t.replace(/\n[^\n]+\n$/, `\n${base64(filled(9, 31))}\n`)),
  /31 bytes/,
);
refused("an extension line", () => resigned((t) => `${t}extension\n`), /three lines/);
refused("an empty extension line", () => resigned((t) => `${t}\n`), /three lines|malformed/);
refused("two lines", () => resigned((t) => t.replace("\n5\n", "\n")), /three lines/);
refused(
  "another origin under the right key",
  () => resigned((t) => t.replace("ashfield", "elsewhere")),
  /checkpoint is of another ledger/,
);
refused(
  "an origin with a space after",
  () => resigned((t) => t.replace("ashfield", "ashfield ")),
  /checkpoint is of another ledger/,
);
refused("no signature", changed({ signatures: "" }), /signature/);
refused(
  "a signature by witnesses only",
  () => edited((t) => t.replace(/\u2014 ledger.*\n/, "")),
  /not signed by the log/,
);
refused("a hyphen for the em dash", () => edited((t) => t.replace("\u2014 ledger", "- ledger")), /malformed/);
refused(
  "an en dash for the em dash",
  () => edited((t) => t.replace("\u2014 ledger", "\u2013 ledger")),
  /malformed/,
);
refused(
  "two spaces in a signature line",
  () => edited((t) => t.replace("\u2014 ledger", "\u2014  ledger")),
  /malformed/,
);
refused("a space after a signature", () => edited((t) => t.replace(/=\n$/, "= \n")), /malformed/);
refused("a third part in a signature line", () => edited((t) => t.replace(/=\n$/, "= x\n")), /malformed/);
refused(
  "an empty line between signatures",
  () => edited((t) => t.replace("\n\u2014 witness", "\n\n\u2014 witness")),
  /three lines/,
);
refused(
  "an unknown line that is malformed",
  changed({ signatures: `${PARTS.signatures}\u2014 someone !!!!\n` }),
  /base64/,
);
refused(
  "an unknown name with a plus",
  changed({ signatures: `${PARTS.signatures}${signatureLine("a+b", filled(1, 4), filled(1, 64))}` }),
  /name/,
);
refused(
  "an unknown name with a no-break space",
  changed({ signatures: `${PARTS.signatures}${signatureLine("a\u00a0b", filled(1, 4), filled(1, 64))}` }),
  /name/,
);
refused(
  "an unknown name with U+0085",
  changed({ signatures: `${PARTS.signatures}${signatureLine("a\u0085b", filled(1, 4), filled(1, 64))}` }),
  /name/,
);
refused(
  "a tab in a signature line",
  changed({ signatures: `${PARTS.signatures}${signatureLine("a\tb", filled(1, 4), filled(1, 64))}` }),
  /control/,
);
refused(
  "a signature of four bytes",
  changed({ signatures: `${PARTS.signatures}${signatureLine("x", filled(1, 4), filled(1, 0))}` }),
  /too short/,
);
function padded(lines: number): Uint8Array {
  const unknown = signatureLine("x", filled(1, 4), filled(1, 64));
  return changed({ signatures: PARTS.signatures + unknown.repeat(lines - 3) });
}
accepted("64 signatures", () => padded(64), "final");
refused("65 signatures", padded(65), /more than 64/);
refused(
  "a checkpoint longer than the limit",
  changed({ signatures: PARTS.signatures + signatureLine("x", filled(1, 4), filled(1, 50_000)) }),
  /the checkpoint is longer than/,
);

// The last leaf of a tree of 2^53-1 leaves has a left neighbor on 52 of its levels, and none on the lowest.
accepted(
  "the last leaf of the largest tree there can be",
  () => {
    const size = Number.MAX_SAFE_INTEGER;
    const siblings = Array.from({ length: 52 }, (_, i) => filled(i));
    const { commitment } = readEvent(EVENT, SALT, { ledger: LOG.name, index: size - 1 });
    const root = siblings.reduce((hash, left) => nodeHash(left, hash), leafHash(privateEntry(commitment)));
    const text = `${LOG.name}\n${size}\n${base64(root)}\n`;
    const path = siblings.map(base64);
    return changed({ index: String(size - 1), path, text, signatures: FORGE.signatures(text) });
  },
  "final",
);

function logLine(signature: Uint8Array): Uint8Array {
  return changed({ signatures: signatureLine(LOG.name, LOG.id, signature) });
}

const SIGNED = ed25519.sign(utf8(PARTS.text), LOG.seed);
const IMPOSTOR = signer(LOG.name, filled(0x66), 0x01);
refused("a log signature of 63 bytes", logLine(SIGNED.subarray(1)), /log's signature/);
refused("a log signature of 65 bytes", logLine(concat(SIGNED, filled(0, 1))), /log's signature/);
refused(
  "a log signature with S + L",
  () => {
    let carry = ed25519.Point.Fn.ORDER;
    const high = Uint8Array.from(SIGNED);
    for (let i = 32; i < 64; i++) {
      carry += BigInt(high[i] ?? 0);
      high[i] = Number(carry & 255n);
      carry >>= 8n;
    }
    return logLine(high);
  },
  /log's signature/,
);
refused(
  "a log signature whose R has a point of small order added",
  () => {
    const torsion = ed25519.Point.fromHex(ED25519_TORSION_SUBGROUP[1] ?? "");
    const r = ed25519.Point.fromHex(hex(SIGNED.subarray(0, 32)))
      .add(torsion)
      .toBytes();
    return logLine(concat(r, SIGNED.subarray(32)));
  },
  /log's signature/,
);
refused(
  "an impostor's key of the same name",
  changed({ signatures: signLine(IMPOSTOR, PARTS.text) }),
  /not signed by the log/,
);
refused(
  "an impostor's signature under the log's id",
  changed({
    signatures: signatureLine(LOG.name, LOG.id, ed25519.sign(utf8(PARTS.text), IMPOSTOR.seed)),
  }),
  /log's signature/,
);
refused(
  "a good log signature beside a false one",
  changed({
    signatures: signLine(LOG, PARTS.text) + signatureLine(LOG.name, LOG.id, filled(1, 64)),
  }),
  /log's signature/,
);
refused(
  "a log signature over the checkpoint without its newline",
  logLine(ed25519.sign(utf8(PARTS.text.trimEnd()), LOG.seed)),
  /log's signature/,
);
refused(
  "a cosignature made with the log key",
  () => {
    const message = utf8(`cosignature/v1\ntime 5\n${PARTS.text}`);
    return logLine(ed25519.sign(message, LOG.seed));
  },
  /log's signature/,
);

function witnessed(line: string): Uint8Array {
  return changed({ signatures: signLine(LOG, PARTS.text) + line });
}

refused(
  "a cosignature over another checkpoint",
  () => {
    const line = cosignLine(WITNESS_A, PARTS.text.replace("\n5\n", "\n4\n"), SOON);
    return witnessed(line);
  },
  /cosignature by witness.example\/a is wrong/,
);
refused(
  "a cosignature whose time was moved",
  () => {
    const blob = fromBase64(cosignLine(WITNESS_A, PARTS.text, SOON).split(" ")[2]?.trim() ?? "", "it");
    return witnessed(signatureLine(WITNESS_A.name, WITNESS_A.id, concat(u64(1), blob.subarray(12))));
  },
  /is wrong/,
);
refused(
  "a cosignature without a time",
  witnessed(signatureLine(WITNESS_A.name, WITNESS_A.id, ed25519.sign(utf8(PARTS.text), WITNESS_A.seed))),
  /wrong length/,
);
refused("a cosignature at 2^63", witnessed(cosignLine(WITNESS_A, PARTS.text, 2n ** 63n)), /impossible time/);
refused(
  "a cosignature by another witness under this one's id",
  () => {
    const impostor: Signer = { ...WITNESS_B, name: WITNESS_A.name, id: WITNESS_A.id };
    return witnessed(cosignLine(impostor, PARTS.text, SOON));
  },
  /is wrong/,
);
refused(
  "a good cosignature beside a false one by the same witness",
  witnessed(
    cosignLine(WITNESS_A, PARTS.text, SOON) + signatureLine(WITNESS_A.name, WITNESS_A.id, filled(1, 72)),
  ),
  /is wrong/,
);

// What must not be refused.
accepted("one witness of two, as sealed", () => witnessed(cosignLine(WITNESS_A, PARTS.text, SOON)), "sealed");
accepted("no witness, as sealed", () => witnessed(""), "sealed");
accepted(
  "lines of unknown keys",
  () =>
    changed({
      signatures:
        signLine(IMPOSTOR, PARTS.text) + PARTS.signatures + signatureLine("x", filled(1, 4), filled(1, 2428)),
    }),
  "final",
);
accepted(
  "sixty unknown lines",
  () =>
    changed({
      signatures: PARTS.signatures + signatureLine("x", filled(1, 4), filled(1, 64)).repeat(60),
    }),
  "final",
);
accepted(
  "the log's name with another id",
  () =>
    changed({
      signatures: PARTS.signatures + signatureLine(LOG.name, filled(1, 4), filled(1, 64)),
    }),
  "final",
);
accepted(
  "signatures in another order",
  () =>
    changed({
      signatures:
        cosignLine(WITNESS_B, PARTS.text, SOON) +
        cosignLine(WITNESS_A, PARTS.text, SOON) +
        signLine(LOG, PARTS.text),
    }),
  "final",
);

test("of several cosignatures by one witness the earliest counts, for the clock and the report", () => {
  const lines = [SOON, 5].map((time) => cosignLine(WITNESS_A, PARTS.text, time)).join("");
  assert.throws(() => verifyReceipt(witnessed(lines), ANCHOR), /later time/);
  const { cosignatures } = verifyCheckpoint(
    utf8(`${PARTS.text}\n${signLine(LOG, PARTS.text)}${lines}`),
    ANCHOR,
  );
  assert.deepEqual(cosignatures, [{ witness: WITNESS_A.name, time: 5n }]);
});

test("a cosignature by a witness that the verifier does not know sets no clock", () => {
  const line = cosignLine(WITNESS_B, PARTS.text, 5);
  assert.equal(
    verifyReceipt(witnessed(line), makeAnchor(LOG.vkey, [WITNESS_A.vkey])).checkpoint.state,
    "sealed",
  );
});

// Files.
test("another file, a longer file and another kind of receipt prove no file", () => {
  const receipt = verifyReceipt(GOOD, ANCHOR);
  assert.throws(() => checkFile(receipt, { ...FACTS, sha256: hex(sha256(utf8("abd"))) }), /SHA-256/);
  assert.throws(() => checkFile(receipt, { ...FACTS, bytes: 4 }), /4 bytes/);
  const viewed = verifyReceipt(receiptOf(admission({ type: "recording.viewed" })), ANCHOR);
  assert.throws(() => checkFile(viewed, FACTS), /not of an admission/);
  const genesis = verifyReceipt(receiptOfStatement(GENESIS, 0), ANCHOR);
  assert.throws(() => checkFile(genesis, FACTS), /not of an admission/);
});

// Keys.
test("a verifier key is refused unless it is exactly one", () => {
  const point = LOG.publicKey;
  const bad: readonly string[] = [
    "",
    "x",
    LOG.vkey.replace("+", " "),
    ` ${LOG.vkey}`,
    `${LOG.vkey}\n`,
    LOG.vkey.toUpperCase(),
    LOG.vkey.replace("addadd8e", "ADDADD8E"),
    LOG.vkey.replace("addadd8e", "addadd8f"),
    LOG.vkey.replace("ashfield", "ashfielD"),
    LOG.vkey.slice(0, -1),
    `${LOG.vkey}A`,
    vkeyOf("", 1, point),
    vkeyOf("a b", 1, point),
    vkeyOf("a\u0085b", 1, point),
    vkeyOf("a\u0001b", 1, point),
    vkeyOf("a", 2, point),
    vkeyOf("a", 6, point),
    vkeyOf("a", 1, point.subarray(1)),
    vkeyOf("a", 1, concat(point, filled(0, 1))),
    vkeyOf("a", 1, concat(filled(1, 1), filled(0, 31))),
    vkeyOf("a", 1, filled(2)),
  ];
  for (const vkey of bad) assert.throws(() => parseVerifierKey(vkey), Refusal, JSON.stringify(vkey));
  assert.equal(
    parseVerifierKey("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k").name,
    "example.com/foo",
  );
});

test("an anchor refuses keys of the wrong use and one secret under two names", () => {
  const bad: readonly (readonly [string, readonly string[]])[] = [
    [WITNESS_A.vkey, []],
    [LOG.vkey, [LOG.vkey]],
    [LOG.vkey, [signer("w", filled(1), 0x01).vkey]],
    [LOG.vkey, [signer("witness.example/log", LOG.seed, 0x04).vkey]],
    [LOG.vkey, [WITNESS_A.vkey, signer("witness.example/again", WITNESS_A.seed, 0x04).vkey]],
    ["nonsense", []],
  ];
  for (const [log, witnesses] of bad) assert.throws(() => makeAnchor(log, witnesses), BadAnchor);
  assert.equal(makeAnchor(LOG.vkey, [WITNESS_A.vkey, WITNESS_A.vkey]).witnesses.length, 1);
});

test("C2SP's example of a signed note verifies under its example key", () => {
  const key = parseVerifierKey("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k");
  const { text, signatures } = parseNote(
    utf8(
      "This is an example message.\n\n" +
        "\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6T" +
        "fXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n",
    ),
  );
  const [line] = signatures;
  assert.ok(line !== undefined && line.name === key.name && hex(line.id) === hex(key.id));
  assert.ok(verifyEd25519(key.publicKey, utf8(text), line.signature));
});

test("C2SP's example of a checkpoint with an unknown key still has one signature", () => {
  const text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
  const mine = signer("example.com/behind-the-sofa", filled(4), 0x01);
  const note = utf8(
    `${text}\n\u2014 example.com/behind-the-sofa ` +
      "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n" +
      "\u2014 witness.example.com/w1 " +
      "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dl" +
      "rDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n",
  );
  assert.throws(() => verifyCheckpoint(note, makeAnchor(mine.vkey)), /not signed by the log/);
  const both = concat(note, utf8(signLine(mine, text)));
  assert.equal(verifyCheckpoint(both, makeAnchor(mine.vkey)).size, 20852163);
});

test("an empty ledger's checkpoint has the hash of nothing as its root", () => {
  const forge = new Forge(LOG);
  const good = forge.text();
  assert.equal(verifyCheckpoint(utf8(`${good}\n${forge.signatures(good)}`), ANCHOR).size, 0);
  const bad = `${LOG.name}\n0\n${base64(filled(1))}\n`;
  assert.throws(() => verifyCheckpoint(utf8(`${bad}\n${forge.signatures(bad)}`), ANCHOR), /empty tree/);
});

test("the module itself needs nothing of Node, so that a browser can run it", () => {
  const folder = fileURLToPath(new URL("../../src/verify/", import.meta.url));
  const sources = readdirSync(folder).filter(
    (name) => !/\.test\.ts$|^(attack|cli|folder|vectors)\.ts$/.test(name),
  );
  assert.ok(sources.length >= 9);
  for (const name of sources) {
    assert.doesNotMatch(
      readFileSync(`${folder}${name}`, "utf8"),
      /"node:|\bBuffer\.|\bprocess\.|\brequire\(/,
      name,
    );
  }
});
