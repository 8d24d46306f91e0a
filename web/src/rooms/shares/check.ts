// SPDX-License-Identifier: Apache-2.0
// Whether a file that somebody has is one of those that were shared, by its digest and by the receipt of its admission.
import type { ReceivedFile } from "../../api/schema.js";
import { type Anchor, makeAnchor } from "../../verify/note.js";
import { checkFile, type FileFacts, verifyReceipt } from "../../verify/receipt.js";

export type Checked =
  | { readonly is: "same"; readonly name: string; readonly index: number; readonly atMs: number }
  | { readonly is: "unproven"; readonly name: string; readonly why: string }
  | { readonly is: "other" };

export interface Proofs {
  /** The agency's verifier key, as its ledger's address tells it. */
  key(): Promise<string>;
  receipt(n: number): Promise<Uint8Array>;
}

export async function check(file: FileFacts, shared: readonly ReceivedFile[], proofs: Proofs): Promise<Checked> {
  const found = shared.find((each) => each.sha256 === file.sha256 && each.bytes === file.bytes);
  if (found === undefined) return { is: "other" };
  const name = found.filename || found.sha256;
  try {
    const anchor: Anchor = makeAnchor((await proofs.key()).trim());
    const receipt = verifyReceipt(await proofs.receipt(found.n), anchor);
    checkFile(receipt, file);
    const atMs = receipt.opened.kind === "event" ? receipt.opened.event.atMs : 0;
    return { is: "same", name, index: receipt.index, atMs };
  } catch (error) {
    return { is: "unproven", name, why: error instanceof Error ? error.message : String(error) };
  }
}
