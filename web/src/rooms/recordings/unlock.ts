// SPDX-License-Identifier: Apache-2.0
// What a body-worn system encrypted before it left it: AES-256-CBC, under a key of its own that is wrapped to the agency's by RSA-OAEP. It is opened in
// this browser, for looking; what is kept stays as it came, and the private key is sent nowhere.
import type { Clip } from "../../api/schema.js";

/** As the key object of a clip has them. */
export interface Wrapped {
  readonly key: Uint8Array<ArrayBuffer>;
  readonly iv: Uint8Array<ArrayBuffer>;
}

/** What one decryption holds in memory, twice. */
export const UNLOCK_BYTES_MAX = 1 << 30;

const stem = (name: string): string => name.replace(/\.[A-Za-z0-9]+$/, "");

/** The key object of a clip, among the files of its recording. */
export function keyOf(name: string, id: string, clips: readonly Clip[]): Clip | undefined {
  if (name.endsWith(".key")) return undefined;
  return clips.find((clip) => clip.id !== id && clip.filename === `${stem(name)}.key`);
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(base64.replace(/\s+/g, "")), (c) => c.charCodeAt(0));
  } catch {
    return undefined;
  }
}

const textMember = (value: unknown, name: string): string => {
  const member: unknown = typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
  return typeof member === "string" ? member : "";
};

/** nothing where it is no key object. */
export function readKeyObject(text: string): Wrapped | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  const key = bytesOf(textMember(parsed, "EncryptedKey"));
  const iv = bytesOf(textMember(parsed, "ContentEncryptionIV"));
  return key === undefined || iv === undefined || key.length === 0 || iv.length !== 16 ? undefined : { key, iv };
}

/** PKCS #8, as `openssl genpkey` writes it. */
export function readPrivateKey(pem: string): Uint8Array<ArrayBuffer> | undefined {
  const body = /-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END PRIVATE KEY-----/.exec(pem)?.[1];
  return body === undefined ? undefined : bytesOf(body);
}

/** Fails where the private key is not the one that the clip's was wrapped to, or the bytes are others. */
export async function unlock(sealed: Uint8Array<ArrayBuffer>, wrapped: Wrapped, privateKey: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> {
  const owner = await crypto.subtle.importKey("pkcs8", privateKey, { name: "RSA-OAEP", hash: "SHA-1" }, false, ["decrypt"]);
  const raw = await crypto.subtle.decrypt({ name: "RSA-OAEP" }, owner, wrapped.key);
  const key = await crypto.subtle.importKey("raw", raw, { name: "AES-CBC" }, false, ["decrypt"]);
  return await crypto.subtle.decrypt({ name: "AES-CBC", iv: wrapped.iv }, key, sealed);
}
