// SPDX-License-Identifier: Apache-2.0
// Why a film stopped. A player says of it little more than that; what the server says of the same bytes tells the rest.
import { Problem } from "../../api/client.js";

export type Stopped =
  /** The session is over: it waits for whoever signs in again. */
  | { readonly is: "over" }
  | { readonly is: "expired" }
  /** The bytes come, and this browser can make nothing of them. */
  | { readonly is: "cannot" }
  /** It stumbled, and the bytes come again. */
  | { readonly is: "stumbled" }
  | { readonly is: "kept"; readonly error: unknown };

/** MediaError, by number: a test has none. */
export const NETWORK = 2;
export const DECODE = 3;

interface Failed {
  readonly code: number | undefined;
  /** Whether this file was seen to play here before. */
  readonly hasBegun: boolean;
  /** Whether it was begun again by itself already, and came no further. */
  readonly isAgain: boolean;
}

/** `answer` is what the server said when it was asked for a byte of the film: undefined when the byte came. */
export function whyItStopped({ code, hasBegun, isAgain }: Failed, answer: unknown): Stopped {
  if (answer instanceof Problem) {
    if (answer.status === 401) return { is: "over" };
    if (answer.status === 410) return { is: "expired" };
    // A file without a byte.
    if (answer.status === 416) return { is: "cannot" };
  }
  if (answer !== undefined) return { is: "kept", error: answer };
  if (code === DECODE) return { is: "cannot" };
  if (!isAgain) return { is: "stumbled" };
  // A first answer that went wrong looks like a file of an unknown kind.
  return hasBegun || code === NETWORK ? { is: "kept", error: undefined } : { is: "cannot" };
}
