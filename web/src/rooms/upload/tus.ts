// SPDX-License-Identifier: Apache-2.0
// The queue's bytes, moved by tus-js-client as it is (docs/formats/upload_protocol.md).
import { DetailedError, Upload } from "tus-js-client";
import { type Address, type Answer, askJson, GUARD, readProblem } from "../../api/client.js";
import { idleSeconds } from "../../api/idle.js";
import { signedIn, subscribe } from "../../app/session.js";
import type { Means, Outcome } from "./queue.js";

/** One request of a long upload. It is nobody at the keys: a session that ends meanwhile stops it until somebody signs in again. */
const CHUNK_BYTES = 32 * 1024 * 1024;
/** A server that starts again is back within seconds, a network after minutes. */
const RETRY_MS = [0, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 60_000, 60_000, 60_000];
const OUTCOME_FIRST_MS = 100;
const OUTCOME_LAST_MS = 2_000;

function statusOf(error: Error): number {
  return error instanceof DetailedError ? (error.originalResponse?.getStatus() ?? 0) : 0;
}

function wordsFor(error: Error): string {
  if (error instanceof DetailedError && error.originalResponse !== null && error.originalResponse !== undefined) {
    return readProblem(error.originalResponse.getStatus(), error.originalResponse.getBody()).message;
  }
  return "the connection was lost";
}

/** By whose right the bytes are sent. */
export interface Sender {
  /** Said with each request. */
  readonly headers: () => Readonly<Record<string, string>>;
  /** Where an earlier try of this very file stands at the server; undefined: this browser's own notes are looked at. */
  readonly earlier?: (file: File, metadata: Readonly<Record<string, string>>) => string | undefined;
  /** Asked when the right is over: `again` once there is another, or else `stop`, in words. */
  readonly over: (begun: unknown, again: () => void, stop: (why: string) => void) => void;
  /** Who is there, when an upload begins. */
  readonly who: () => unknown;
}

const STAFF: Sender = {
  headers: () => ({ ...GUARD, "X-Lapel-Idle": String(idleSeconds()) }),
  who: () => {
    const begun = signedIn();
    return begun.state === "in" ? begun.session.login : "";
  },
  over: (owner, again, stop) => {
    const end = subscribe(() => {
      const who = signedIn();
      if (who.state !== "in") return;
      end();
      // As the same person alone: otherwise it would become another's.
      if (who.session.login !== owner) stop("somebody else has signed in");
      else again();
    });
  },
};

export const tusBy =
  (sender: Sender): Means["transfer"] =>
  (file, metadata, events) => {
    let isWanted = false;
    const begun = sender.who();
    const upload = new Upload(file, {
      endpoint: "/api/v1/uploads",
      chunkSize: CHUNK_BYTES,
      retryDelays: RETRY_MS,
      metadata: { filename: file.name, ...(file.type === "" ? {} : { filetype: file.type }), ...metadata },
      storeFingerprintForResuming: sender.earlier === undefined,
      removeFingerprintOnSuccess: true,
      onBeforeRequest: (request) => {
        for (const [name, value] of Object.entries(sender.headers())) request.setHeader(name, value);
      },
      onProgress: (sent) => events.progress(sent),
      onShouldRetry: (error) => {
        const status = statusOf(error);
        // 409 and 423: somebody else was writing, or an offset is older than the server's.
        const helps = status === 0 || status >= 500 || status === 409 || status === 423 || status === 429 || status === 408;
        if (helps) events.reconnecting();
        return helps;
      },
      onError: (error) => {
        if (statusOf(error) !== 401) return events.failed(wordsFor(error));
        events.reconnecting();
        const again = (): void => {
          if (isWanted) upload.start();
        };
        sender.over(begun, again, events.failed);
      },
      onSuccess: () => events.received(upload.url ?? ""),
    });
    // The same file of an earlier visit goes on where it was.
    const { earlier } = sender;
    const found =
      earlier !== undefined
        ? Promise.resolve().then(() => {
            const address = earlier(file, metadata);
            if (address !== undefined) upload.options.uploadUrl = address;
          })
        : upload.findPreviousUploads().then((previous) => {
            const last = previous.at(-1);
            if (last !== undefined) upload.resumeFromPreviousUpload(last);
          });
    return {
      start() {
        isWanted = true;
        void found.then(() => {
          if (isWanted) upload.start();
        });
      },
      pause() {
        isWanted = false;
        return upload.abort();
      },
      discard() {
        isWanted = false;
        // One that has expired, or never reached the server, is gone already.
        return upload.abort(true).catch(() => undefined);
      },
    };
  };

type UploadRoute = "GET /api/v1/uploads/{id}";

/** What became of the upload at an address that the server gave, as it is asked by `ask`. */
export async function outcomeBy(ask: (address: Address<UploadRoute>) => Promise<Answer<UploadRoute>>, url: string): Promise<Outcome> {
  for (let wait = OUTCOME_FIRST_MS; ; wait = Math.min(wait * 2, OUTCOME_LAST_MS)) {
    const state = await ask(url as Address<UploadRoute>).catch((error: unknown) => {
      // Sealing goes on without us; a server that is away is asked again.
      if (error instanceof Error && error.name === "Offline") return undefined;
      throw error;
    });
    if (state?.state === "sealed") return { state: "sealed", recording: state.recording ?? "", sha256: state.sha256 ?? "" };
    if (state?.state === "refused") return { state: "refused", why: state.reason ?? "" };
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

export const TUS: Means = { transfer: tusBy(STAFF), outcome: (url) => outcomeBy((address) => askJson<UploadRoute>(address), url) };
