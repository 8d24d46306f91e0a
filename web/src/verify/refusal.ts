// SPDX-License-Identifier: Apache-2.0

/**
 * The one error of this module: the evidence was read and does not hold. Anything else that is thrown
 * is a defect of the verifier and must never be reported as a verdict.
 */
export class Refusal extends Error {
  override readonly name = "Refusal";
}

export function refuse(why: string): never {
  throw new Refusal(why);
}

/** A key, witness or option that the caller gave is unusable: the question is wrong, not the evidence. */
export class BadAnchor extends Error {
  override readonly name = "BadAnchor";
}
