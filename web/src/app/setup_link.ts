// SPDX-License-Identifier: Apache-2.0
// What stands behind # in a link for setting up: a secret, and in one for a person also their login, in base64url.

export interface SetupLink {
  readonly secret: string;
  /** Undefined: the link makes somebody, who says what they are called. */
  readonly login: string | undefined;
}

export function readLink(hash: string): SetupLink {
  const [secret = "", login] = hash.replace(/^#/, "").split(".");
  if (login === undefined) return { secret, login };
  try {
    const bytes = Uint8Array.from(atob(login.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
    return { secret, login: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    // Copied in part: as one that is not complete.
    return { secret: "", login: undefined };
  }
}
