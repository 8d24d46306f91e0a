// SPDX-License-Identifier: Apache-2.0
// Vector 1: every value was printed by hand in the ledger's description, and is computed here from the seeds.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ed25519 } from "@noble/curves/ed25519";
import { hmac } from "@noble/hashes/hmac";
import { sha256 } from "@noble/hashes/sha2";
import { base64, concat, fromBase64, hex, u64, utf8 } from "./bytes.js";
import { commitmentOf, privateEntry } from "./entry.js";
import { filled, Forge, signer, treePath, treeRoot } from "./forge.js";
import { type JsonObject, parseJson } from "./json.js";
import { leafHash } from "./merkle.js";
import { makeAnchor } from "./note.js";
import { checkFile, verifyReceipt } from "./receipt.js";

const VKEY = "ledger.example/ashfield+addadd8e+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";
const GENESIS =
  `{"statement":{"beat":60,"floor":4,"heads":86400,"key":"${VKEY}","ledger":"ledger.example/ashfield",` +
  `"policy":"quorum none\\n","type":"ledger.genesis"},"v":1}`;
const EVENT_0 =
  '{"actor":"a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1","at":"2022-12-02T06:12:07.41Z","bytes":3,' +
  '"chain_starts_at":"server",' +
  '"ledger":"ledger.example/ashfield","n":0,"received_at":"2022-12-02T06:12:07.10Z",' +
  '"sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",' +
  '"subject":"00112233445566778899aabbccddeeff","type":"recording.admitted"}';
const COMMITMENT_0 = "rlht8B6Aycdiaa25V9S+LBs5k8iVVMif7MH3qaVsIv0=";
const EVENT_1 =
  '{"actor":"a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1","at":"2022-12-02T06:12:31.00Z",' +
  '"ledger":"ledger.example/ashfield","n":1,' +
  `"prev":"${COMMITMENT_0}","purpose":"review",` +
  `"subject":"00112233445566778899aabbccddeeff","type":"recording.viewed"}`;
const COMMITMENT_1 = "jO/+9Q5OhzvkIGKtCUYS28oMDdoJWne3mxG/6BXjV/o=";
const PADDING_3 = "fd2NRblQqw9Ak973ILNKu3dRcqU/rZBsJ1CI6cVvQrA=";
const BLIND_1 = "DrhGVVNpyYWyaXkflzgZru4jGnSab35B5sXgBAq/nyU=";
const HEAD_PATH = [
  "/rHgXGCKEwM85bAlyem/K02ASheEeVuZrMhliJfVFRQ=",
  "ugcT+Oz9qeOR2HKewV/h28/gl2QTGW+K5cahLk/A0Fs=",
];
const LEAF_4 =
  '{"statement":{"ledger":"ledger.example/ashfield","root":"uyVTeEJcjD9WEBnBVuMBmVQwMzobyzmCRR1KVIFTR8c=",' +
  '"size":4,"type":"ledger.heads"},"v":1}';
const ROOT_5 = "mX2iLKqLYRnZFYSaAE5VDgJRkRW9h66BYhcNm00e+DQ=";
const SIGNATURE =
  "rdrdjlCqr80w68qlfXdtvvrlIB4uy1+LhDbowyVTw6zUqM7g8thc5LB3gBqtcptPuBQJw3wBbkFM7BLs8eIHuBGKmQY=";

const subjectKey = filled(0x11);
const log = signer(
  "ledger.example/ashfield",
  Uint8Array.from({ length: 32 }, (_, i) => i),
  0x01,
);
const event0 = parseJson(utf8(EVENT_0), "event 0") as JsonObject;
const event1 = parseJson(utf8(EVENT_1), "event 1") as JsonObject;
const salt0 = hmac(sha256, subjectKey, u64(0));
const salt1 = hmac(sha256, subjectKey, u64(1));

function ledger(): Forge {
  const forge = new Forge(log);
  forge.add(utf8(GENESIS));
  forge.addEvent(event0, salt0);
  forge.addEvent(event1, salt1);
  forge.addPadding();
  forge.add(utf8(LEAF_4));
  return forge;
}

function blind(index: number): Uint8Array {
  return hmac(sha256, filled(0x44), concat(u64(4), u64(index)));
}

function snapshotLeaves(): Uint8Array[] {
  return [0, 1, 2, 3].map((index) => {
    const rest = index === 1 ? concat(u64(1), fromBase64(COMMITMENT_1, "commitment")) : new Uint8Array(40);
    return leafHash(concat(blind(index), rest));
  });
}

test("the verifier key follows from the seed", () => {
  assert.equal(log.vkey, VKEY);
  assert.equal(makeAnchor(VKEY).log.name, "ledger.example/ashfield");
});

test("salts and commitments follow from the subject key", () => {
  assert.equal(base64(salt0), "f7c93mygwDWroZtWvayXO1MAVMvQDPDFUeOGJfV6l+E=");
  assert.equal(base64(commitmentOf(event0, salt0)), COMMITMENT_0);
  assert.equal(base64(commitmentOf(event1, salt1)), COMMITMENT_1);
});

test("entries have the printed bytes and hashes", () => {
  const entry = privateEntry(fromBase64(COMMITMENT_0, "commitment"));
  assert.equal(entry.length, 67);
  assert.equal(new TextDecoder().decode(entry), `{"commitment":"${COMMITMENT_0}","v":1}`);
  assert.equal(base64(leafHash(entry)), "MuO3+yNV3yis8Y/xF2+GVJFpI4KHZ9boRAWaZClRFkw=");
  assert.equal(base64(hmac(sha256, filled(0x33), u64(3))), PADDING_3);
});

test("the snapshot's entry, path and root are the printed ones", () => {
  const leaves = snapshotLeaves();
  assert.equal(base64(blind(1)), BLIND_1);
  assert.deepEqual(treePath(1, leaves).map(base64), HEAD_PATH);
  assert.ok(LEAF_4.includes(base64(treeRoot(leaves))));
});

test("the root at size 5 and its signature are the printed ones", () => {
  const text = ledger().text();
  assert.equal(text, `ledger.example/ashfield\n5\n${ROOT_5}\n`);
  const signature = ed25519.sign(utf8(text), log.seed);
  assert.equal(base64(concat(log.id, signature)), SIGNATURE);
});

test("receipts of the example's two events, its statements and its head verify", () => {
  const anchor = makeAnchor(VKEY);
  const checkpoint = `ledger.example/ashfield\n5\n${ROOT_5}\n\n\u2014 ledger.example/ashfield ${SIGNATURE}\n`;
  const extras = [
    [0, `{"statement":${GENESIS.slice(13, -7)}}`],
    [1, `{"event":${EVENT_0},"salt":"${base64(salt0)}"}`],
    [2, `{"event":${EVENT_1},"salt":"${base64(salt1)}"}`],
    [4, `{"statement":${LEAF_4.slice(13, -7)}}`],
    [
      4,
      `{"head":{"blind":"${BLIND_1}","commitment":"${COMMITMENT_1}","first":1,"n":1,` +
        `"path":["${HEAD_PATH.join('","')}"]},` +
        `"statement":${LEAF_4.slice(13, -7)}}`,
    ],
  ] as const;
  for (const [index, extra] of extras) {
    const path = treePath(index, ledger().leaves)
      .map((hash) => `${base64(hash)}\n`)
      .join("");
    const proof =
      `c2sp.org/tlog-proof@v1\nextra ${base64(utf8(extra))}\nindex ${index}\n` + `${path}\n${checkpoint}`;
    const receipt = verifyReceipt(utf8(proof), anchor);
    assert.equal(receipt.index, index);
    assert.equal(receipt.checkpoint.state, "sealed");
    if (index !== 1) continue;
    const admitted = checkFile(receipt, { sha256: hex(sha256(utf8("abc"))), bytes: 3 });
    assert.equal(admitted.chainStartsAt, "server");
  }
});
