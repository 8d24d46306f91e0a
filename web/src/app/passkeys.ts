// SPDX-License-Identifier: Apache-2.0
// Passkeys: the server's question as the browser wants it, and the browser's answer as the server reads it.
import type { NewPasskey, NewPasskeyQuestion, PasskeyQuestion, PresentedPasskey } from "../api/schema.js";

export function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (c) => c.charCodeAt(0));
}

export function toBase64url(bytes: ArrayBuffer | Uint8Array): string {
  const view = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
  let binary = "";
  for (const byte of view) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Browsers have passkeys in a secure context, and for a host name only. */
export function hasPasskeys(): boolean {
  const isAddress = /^[\d.]+$|[[\]:]/.test(location.hostname);
  return window.isSecureContext && !isAddress && typeof window.PublicKeyCredential === "function";
}

const named = (list: readonly { readonly id: string }[]): PublicKeyCredentialDescriptor[] => list.map(({ id }) => ({ type: "public-key", id: fromBase64url(id) }));

/** Undefined where the person turned it down. */
export async function presentPasskey(question: PasskeyQuestion, signal?: AbortSignal): Promise<PresentedPasskey | undefined> {
  const credential = await refusable(
    navigator.credentials.get({
      publicKey: {
        challenge: fromBase64url(question.challenge),
        rpId: question.rpId,
        allowCredentials: named(question.allowCredentials),
        userVerification: question.userVerification,
        timeout: question.timeout,
      },
      ...(signal === undefined ? {} : { signal }),
    }),
  );
  if (!(credential instanceof PublicKeyCredential) || !(credential.response instanceof AuthenticatorAssertionResponse)) return undefined;
  const { clientDataJSON, authenticatorData, signature } = credential.response;
  return {
    type: "public-key",
    id: toBase64url(credential.rawId),
    response: { clientDataJSON: toBase64url(clientDataJSON), authenticatorData: toBase64url(authenticatorData), signature: toBase64url(signature) },
  };
}

export async function createPasskey(question: NewPasskeyQuestion): Promise<NewPasskey["credential"] | undefined> {
  const credential = await refusable(
    navigator.credentials.create({
      publicKey: {
        challenge: fromBase64url(question.challenge),
        rp: question.rp,
        user: { ...question.user, id: fromBase64url(question.user.id) },
        pubKeyCredParams: [...question.pubKeyCredParams],
        excludeCredentials: named(question.excludeCredentials),
        authenticatorSelection: question.authenticatorSelection,
        attestation: question.attestation,
        timeout: question.timeout,
      },
    }),
  );
  if (!(credential instanceof PublicKeyCredential) || !(credential.response instanceof AuthenticatorAttestationResponse)) return undefined;
  return {
    type: "public-key",
    response: { clientDataJSON: toBase64url(credential.response.clientDataJSON), authenticatorData: toBase64url(credential.response.getAuthenticatorData()) },
  };
}

/** Closing the browser's own dialog is no error. */
async function refusable(asked: Promise<Credential | null>): Promise<Credential | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof DOMException && (error.name === "NotAllowedError" || error.name === "AbortError")) return null;
    throw error;
  }
}
