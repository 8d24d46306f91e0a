// SPDX-License-Identifier: Apache-2.0
// The browser's own player over the original's byte ranges, with the keys people expect.
import { useMemo, useRef, useState, type ReactNode } from "react";
import type { Recording, View } from "../../api/schema.js";
import type { Action } from "../../app/actions.js";
import { m } from "../../app/messages.js";
import { useActions } from "../../app/registry.js";
import { shownTime } from "../../ui/format.js";
import { Notice } from "../../ui/parts.js";
import type { FileFacts } from "../../verify/receipt.js";
import { CompareBytes } from "./compare.js";

const STEP_S = 5;
/** Until the file's own frame times are known, a frame is taken to last a thirtieth of a second. */
const FRAME_S = 1 / 30;

interface Props {
  readonly recording: Recording;
  readonly view: View;
  readonly purpose: string;
  readonly sealed: FileFacts | undefined;
  readonly onReopen: () => void;
}

export function Player({ recording, view, purpose, sealed, onReopen }: Props): ReactNode {
  const video = useRef<HTMLVideoElement>(null);
  const [state, setState] = useState<"plays" | "cannot" | "expired">("plays");

  const actions = useMemo((): readonly Action[] => {
    const on = (act: (player: HTMLVideoElement) => void) => () => {
      if (video.current !== null) act(video.current);
    };
    const by = (seconds: number) => on((player) => (player.currentTime = Math.max(0, player.currentTime + seconds)));
    // A refusal to play is told by the element's error event.
    const toggle = on((player) => (player.paused ? void player.play().catch(() => undefined) : player.pause()));
    const frame = (frames: number) =>
      on((player) => {
        player.pause();
        player.currentTime = Math.max(0, player.currentTime + frames * FRAME_S);
      });
    const full = on((player) => void (document.fullscreenElement === null ? player.requestFullscreen() : document.exitFullscreen()));
    return [
      { id: "player.play", label: m.recording.play, shortcut: "Space", scope: "here", perform: toggle },
      { id: "player.play.k", label: m.recording.play, shortcut: "k", scope: "here", perform: toggle },
      { id: "player.back", label: m.recording.backFive, shortcut: "ArrowLeft", scope: "here", perform: by(-STEP_S) },
      { id: "player.forward", label: m.recording.forwardFive, shortcut: "ArrowRight", scope: "here", perform: by(STEP_S) },
      { id: "player.frame.back", label: m.recording.frameBack, shortcut: ",", scope: "here", perform: frame(-1) },
      { id: "player.frame.forward", label: m.recording.frameForward, shortcut: ".", scope: "here", perform: frame(1) },
      { id: "player.mute", label: m.recording.mute, shortcut: "m", scope: "here", perform: on((player) => (player.muted = !player.muted)) },
      { id: "player.full", label: m.recording.full, shortcut: "f", scope: "here", perform: full },
    ];
  }, []);
  useActions(actions);

  const failed = (): void => setState(new Date(view.expires_at).getTime() <= Date.now() ? "expired" : "cannot");
  return (
    <>
      <div className="well">
        {state === "plays" && (
          // Captions are made from the transcript, where there is one; the original has none.
          <video ref={video} src={view.original} controls playsInline preload="metadata" aria-label={m.recording.player} onError={failed} />
        )}
        {state === "cannot" && <p>{m.recording.cannotPlay}</p>}
        {state === "expired" && (
          <>
            <p>{m.recording.expired}</p>
            <button type="button" className="primary" onClick={onReopen}>
              {m.recording.view}
            </button>
          </>
        )}
      </div>
      <div className="row under">
        <Notice tone="info">{m.recording.viewing(purpose, shownTime(view.expires_at))}</Notice>
        <a href={view.original} download={recording.filename || recording.id}>
          {m.recording.download}
        </a>
      </div>
      {/* Keyed, so that a new view begins with nothing compared. */}
      <CompareBytes key={view.view} original={view.original} sealed={sealed} />
    </>
  );
}
