// SPDX-License-Identifier: Apache-2.0
// Under the player: whether the footage is what was sealed, and a button that finds out in this browser.
import { useEffect, useRef, useState, type ReactNode } from "react";
import { m } from "../../app/messages.js";
import { Status, type Tone } from "../../ui/parts.js";
import type { FileFacts } from "../../verify/receipt.js";
import { digestInPieces, isSameFile, rangesOf } from "../../ui/footage.js";

type Work =
  | { readonly is: "idle" }
  | { readonly is: "comparing"; readonly percent: number }
  | { readonly is: "read"; readonly file: FileFacts }
  | { readonly is: "failed"; readonly why: string };

interface Props {
  readonly original: string;
  /** What the verified admission names; undefined until it is verified. */
  readonly sealed: FileFacts | undefined;
}

export function CompareBytes({ original, sealed }: Props): ReactNode {
  const [work, setWork] = useState<Work>({ is: "idle" });
  const running = useRef<AbortController>(undefined);
  useEffect(() => () => running.current?.abort(), [original]);

  const start = async (): Promise<void> => {
    const abort = new AbortController();
    running.current = abort;
    setWork({ is: "comparing", percent: 0 });
    try {
      const file = await digestInPieces(rangesOf(original, abort.signal), (done, total) => {
        if (!abort.signal.aborted) setWork({ is: "comparing", percent: total === 0 ? 100 : Math.floor((done / total) * 100) });
      });
      if (!abort.signal.aborted) setWork({ is: "read", file });
    } catch (error) {
      if (!abort.signal.aborted) setWork({ is: "failed", why: error instanceof Error ? error.message : String(error) });
    }
  };
  const cancel = (): void => {
    running.current?.abort();
    setWork({ is: "idle" });
  };

  const { state, tone, word, text } = told(work, sealed);
  return (
    <div className="compare">
      {/* The percentage is outside: a screen reader is told the beginning and the end, not every step. */}
      <p role="status" data-bytes={state}>
        <Status tone={tone} word={word} /> {text}
      </p>
      {work.is === "comparing" && (
        <div className="row">
          <progress max={100} value={work.percent} aria-label={m.footage.progress} />
          <span className="number">{m.footage.percent(work.percent)}</span>
        </div>
      )}
      {/* One button under all its names, so that the focus stays where it was. */}
      <button type="button" onClick={work.is === "comparing" ? cancel : () => void start()}>
        {work.is === "comparing" ? m.footage.cancel : work.is === "idle" ? m.footage.compare : m.footage.again}
      </button>
    </div>
  );
}

interface Told {
  readonly state: "idle" | "comparing" | "verified" | "differs" | "failed";
  readonly tone: Tone;
  readonly word: string;
  readonly text: string;
}

function told(work: Work, sealed: FileFacts | undefined): Told {
  if (work.is === "comparing") return { state: "comparing", tone: "due", word: m.footage.word.comparing, text: m.footage.comparing };
  if (work.is === "failed") return { state: "failed", tone: "due", word: m.footage.word.idle, text: m.footage.failed(work.why) };
  if (work.is === "idle") return { state: "idle", tone: "due", word: m.footage.word.idle, text: m.footage.idle };
  if (sealed === undefined) return { state: "idle", tone: "due", word: m.footage.word.idle, text: m.footage.unsealed };
  return isSameFile(work.file, sealed)
    ? { state: "verified", tone: "ok", word: m.footage.word.verified, text: m.footage.verified(work.file.bytes) }
    : { state: "differs", tone: "bad", word: m.footage.word.differs, text: m.footage.differs(work.file.bytes, sealed.bytes) };
}
