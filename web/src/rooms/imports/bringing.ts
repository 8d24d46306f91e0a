// SPDX-License-Identifier: Apache-2.0
// A folder on its way into an import: listed, its documents sent, then whatever the server has not yet. The server judges; here is only
// what it asks for.
import { DetailedError, Upload } from "tus-js-client";
import { askJson, GUARD, readProblem } from "../../api/client.js";
import { idleSeconds } from "../../api/idle.js";
import type { Import, ImportFile } from "../../api/schema.js";
import { listings } from "./folder.js";

const CHUNK_BYTES = 32 * 1024 * 1024;
const RETRY_MS = [0, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 60_000];
const SEALED_FIRST_MS = 100;
const SEALED_LAST_MS = 2_000;

export interface Step {
  readonly at: "looking" | "documents" | "sealing" | "reading" | "sending" | "comparing";
  readonly sent?: number;
  readonly of?: number;
  readonly path?: string;
  readonly fraction?: number;
}
export interface NotSent {
  readonly path: string;
  readonly why: string;
}

type Tell = (step: Step) => void;

const wordsFor = (error: unknown): string => {
  if (error instanceof DetailedError && error.originalResponse !== null && error.originalResponse !== undefined) {
    return readProblem(error.originalResponse.getStatus(), error.originalResponse.getBody()).message;
  }
  return error instanceof Error ? error.message : String(error);
};

function statusOf(error: unknown): number {
  return error instanceof DetailedError ? (error.originalResponse?.getStatus() ?? 0) : 0;
}

/** The bytes of one file into the upload that the server named. */
function move(file: File, upload: string, signal: AbortSignal, progress: (fraction: number) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const transfer = new Upload(file, {
      uploadUrl: `/api/v1/uploads/${upload}`,
      chunkSize: CHUNK_BYTES,
      retryDelays: RETRY_MS,
      headers: { ...GUARD },
      storeFingerprintForResuming: false,
      onBeforeRequest: (request) => {
        request.setHeader("X-Lapel-Idle", String(idleSeconds()));
      },
      onProgress: (sent, all) => progress(all === 0 ? 1 : sent / all),
      onShouldRetry: (error) => {
        const status = statusOf(error);
        return status === 0 || status >= 500 || status === 409 || status === 423 || status === 429 || status === 408;
      },
      onError: reject,
      onSuccess: () => resolve(),
    });
    signal.addEventListener("abort", () => {
      void transfer.abort();
      reject(new DOMException("stopped", "AbortError"));
    });
    transfer.start();
  });
}

async function send(id: string, path: string, file: File, signal: AbortSignal, progress: (fraction: number) => void): Promise<void> {
  const known = await askJson<"POST /api/v1/imports/{id}/files">(`/api/v1/imports/${id}/files`, { method: "POST", body: { path }, signal });
  // In already, or sent whole by somebody else.
  if (known.state === "in" || known.upload === null) return;
  await move(file, known.upload, signal, progress);
}

/** Until everything that was sent is sealed and compared. */
export async function settled(id: string, signal: AbortSignal): Promise<Import> {
  for (let wait = SEALED_FIRST_MS; ; wait = Math.min(wait * 2, SEALED_LAST_MS)) {
    const now = await askJson<"GET /api/v1/imports/{id}">(`/api/v1/imports/${id}`, { signal });
    if (now.counts.sealing === 0) return now;
    await new Promise((resolve) => setTimeout(resolve, wait));
    signal.throwIfAborted();
  }
}

/** The dry run: nothing but the vendor's own documents is sent. */
export async function look(id: string, folder: ReadonlyMap<string, File>, signal: AbortSignal, tell: Tell): Promise<Import> {
  tell({ at: "looking", of: folder.size });
  const documents: ImportFile[] = [];
  for (const files of listings(folder)) {
    const listed = await askJson<"POST /api/v1/imports/{id}/listing">(`/api/v1/imports/${id}/listing`, { method: "POST", body: { files }, signal });
    documents.push(...listed.documents);
  }
  tell({ at: "documents" });
  for (const { path } of documents) {
    const file = folder.get(path);
    if (file !== undefined) await send(id, path, file, signal, () => undefined);
  }
  tell({ at: "sealing" });
  await settled(id, signal);
  tell({ at: "reading" });
  return askJson<"POST /api/v1/imports/{id}/reading">(`/api/v1/imports/${id}/reading`, { method: "POST", body: {}, signal });
}

/** Whatever the server has not yet. A file that cannot be sent is told, and the others go on; a session that has ended ends it. */
export async function bringIn(id: string, folder: ReadonlyMap<string, File>, signal: AbortSignal, tell: Tell): Promise<readonly NotSent[]> {
  const notSent: NotSent[] = [];
  const before = await askJson<"GET /api/v1/imports/{id}">(`/api/v1/imports/${id}`, { signal });
  const of = before.counts.unsent;
  let sent = 0;
  let cursor: string | null = "";
  while (cursor !== null) {
    const query: string = cursor === "" ? "limit=200" : `limit=200&cursor=${encodeURIComponent(cursor)}`;
    const page = await askJson<"GET /api/v1/imports/{id}/unsent">(`/api/v1/imports/${id}/unsent?${query}`, { signal });
    for (const { path, bytes } of page.items) {
      signal.throwIfAborted();
      tell({ at: "sending", sent, of, path });
      const file = folder.get(path);
      if (file === undefined) notSent.push({ path, why: "it is not in this folder" });
      else if (file.size !== bytes) notSent.push({ path, why: "it has another length than when the folder was listed" });
      else {
        try {
          await send(id, path, file, signal, (fraction) => tell({ at: "sending", sent, of, path, fraction }));
          sent += 1;
        } catch (error) {
          if (signal.aborted || statusOf(error) === 401 || (error instanceof Error && error.name === "SignedOut")) throw error;
          notSent.push({ path, why: wordsFor(error) });
        }
      }
    }
    cursor = page.next;
  }
  tell({ at: "comparing" });
  await settled(id, signal);
  return notSent;
}
