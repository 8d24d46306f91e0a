// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { constants, createCipheriv, generateKeyPairSync, publicEncrypt, randomBytes } from "node:crypto";
import { test } from "node:test";
import type { Clip } from "../../api/schema.js";
import { keyOf, readKeyObject, readPrivateKey, unlock } from "./unlock.js";

const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const bytes = (buffer: Buffer): Uint8Array<ArrayBuffer> => Uint8Array.from(buffer);

function locked(clip: Buffer): { readonly sealed: Uint8Array<ArrayBuffer>; readonly object: string } {
  const key = randomBytes(32);
  const iv = randomBytes(16);
  const cipher = createCipheriv("aes-256-cbc", key, iv);
  const sealed = Buffer.concat([cipher.update(clip), cipher.final()]);
  const wrapped = publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha1" }, key);
  return { sealed: bytes(sealed), object: JSON.stringify({ EncryptedKey: wrapped.toString("base64"), ContentEncryptionIV: iv.toString("base64"), PublicKeyId: "a" }) };
}

test("what was locked to a key is opened by it", async () => {
  const clip = randomBytes(100_001);
  const { sealed, object } = locked(clip);
  const wrapped = readKeyObject(object);
  const owner = readPrivateKey(`words before\n${pem}`);
  assert.ok(wrapped !== undefined && owner !== undefined);
  assert.deepEqual(Buffer.from(await unlock(sealed, wrapped, owner)), clip);
});

test("by another key, or from another clip, nothing is", async () => {
  const { sealed, object } = locked(randomBytes(1000));
  const wrapped = readKeyObject(object);
  const owner = readPrivateKey(pem);
  const other = readPrivateKey(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" }).toString());
  assert.ok(wrapped !== undefined && owner !== undefined && other !== undefined);
  await assert.rejects(unlock(sealed, wrapped, other));
  await assert.rejects(unlock(sealed.slice(0, 999), wrapped, owner));
});

test("what is no key object and no private key is none", () => {
  for (const text of ["", "{", "[]", "null", '{"EncryptedKey":"a"}', '{"EncryptedKey":"AAAA","ContentEncryptionIV":"AAAA"}', '{"EncryptedKey":"%","ContentEncryptionIV":"AAAAAAAAAAAAAAAAAAAAAA=="}'])
    assert.equal(readKeyObject(text), undefined, text);
  assert.equal(readPrivateKey("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----"), undefined);
  assert.equal(readPrivateKey(publicKey.export({ type: "spki", format: "pem" }).toString()), undefined);
});

test("a clip's key is the one of its name", () => {
  const clip = (id: string, filename: string): Clip => ({ id, filename, sha256: "", bytes: 1, receipt: "" });
  const clips = [clip("a", "20221202T061137Z_3f2a.mp4"), clip("b", "20221202T061137Z_3f2a.key"), clip("c", "20221202T061207Z_3f2a.key")];
  assert.equal(keyOf("20221202T061137Z_3f2a.mp4", "a", clips)?.id, "b");
  assert.equal(keyOf("20221202T061137Z_3f2a.key", "b", clips), undefined);
  assert.equal(keyOf("other.mp4", "a", clips), undefined);
});
