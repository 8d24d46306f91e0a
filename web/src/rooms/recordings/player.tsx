// SPDX-License-Identifier: Apache-2.0
// The browser's own player over the original's byte ranges, with the keys people expect. Where it stood is kept while the bytes do not
// come: for a moment, until somebody tries again, or until whoever watched has signed in again.
import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore, type ReactNode, type SyntheticEvent } from "react";
import { askRange } from "../../api/client.js";
import type { Recording, View } from "../../api/schema.js";
import type { Action } from "../../app/actions.js";
import { m } from "../../app/messages.js";
import { useActions } from "../../app/registry.js";
import { signedIn, subscribe } from "../../app/session.js";
import { shownDuration, shownTime } from "../../ui/format.js";
import { Loading, Notice } from "../../ui/parts.js";
import type { FileFacts } from "../../verify/receipt.js";
import { CompareBytes } from "./compare.js";
import { type Stopped, whyItStopped } from "./stopped.js";

const STEP_S = 5;
/** Until the file's own frame times are known, a frame is taken to last a thirtieth of a second. */
const FRAME_S = 1 / 30;
/** Stumbling twice within this is stumbling at the same place. */
const AGAIN_S = 1;

interface Props {
  readonly recording: Recording;
  readonly view: View;
  readonly purpose: string;
  readonly sealed: FileFacts | undefined;
  readonly onReopen: () => void;
  /** What is shown, where it is not the original itself: opened in this browser. */
  readonly shown?: string;
}

type State = { readonly is: "plays" } | { readonly is: "asking" } | Exclude<Stopped, { readonly is: "stumbled" }>;
const PLAYS: State = { is: "plays" };

export function Player({ recording, view, purpose, sealed, onReopen, shown = view.original }: Props): ReactNode {
  const video = useRef<HTMLVideoElement>(null);
  const [state, setState] = useState<State>(PLAYS);
  const [turn, setTurn] = useState(0);
  const stood = useRef<{ at: number; isPlaying: boolean; hasBegun: boolean; stumbledAt?: number }>({ at: 0, isPlaying: false, hasBegun: false });
  const isIn = useSyncExternalStore(subscribe, signedIn).state === "in";

  const goOn = useCallback((): void => {
    setTurn((n) => n + 1);
    setState(PLAYS);
  }, []);
  // Under another view it goes on where it stood under the last.
  useEffect(() => setState(PLAYS), [view.view]);
  useEffect(() => {
    if (state.is !== "over" || !isIn) return;
    // It stands, as everything does that was kept: nothing is heard before somebody asks for it.
    stood.current.isPlaying = false;
    goOn();
  }, [state, isIn, goOn]);
  const tryAgain = useRef<() => void>(undefined);
  tryAgain.current = state.is === "kept" ? goOn : undefined;

  const actions = useMemo((): readonly Action[] => {
    const on = (act: (player: HTMLVideoElement) => void) => () => {
      if (video.current !== null) act(video.current);
    };
    const by = (seconds: number) => on((player) => (player.currentTime = Math.max(0, player.currentTime + seconds)));
    // A refusal to play is told by the element's error event.
    const toggle = (): void => {
      if (video.current === null) tryAgain.current?.();
      else if (video.current.paused) void video.current.play().catch(() => undefined);
      else video.current.pause();
    };
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

  const asked = useRef<AbortController>(undefined);
  useEffect(() => () => asked.current?.abort(), [view.view]);
  const failed = ({ currentTarget: { error } }: SyntheticEvent<HTMLVideoElement>): void => {
    if (new Date(view.expires_at).getTime() <= Date.now()) return setState({ is: "expired" });
    const { at, hasBegun, stumbledAt } = stood.current;
    const isAgain = stumbledAt !== undefined && Math.abs(at - stumbledAt) < AGAIN_S;
    const abort = new AbortController();
    asked.current = abort;
    setState({ is: "asking" });
    // A session that is over is told to everybody by the answer, and hides the page.
    const answer = askRange(view.original, 0, 0, { signal: abort.signal }).then(() => undefined, (reason: unknown) => reason);
    void answer.then((reason) => {
      if (abort.signal.aborted) return;
      const why = whyItStopped({ code: error?.code, hasBegun, isAgain }, reason);
      if (why.is !== "stumbled") return setState(why);
      stood.current.stumbledAt = at;
      goOn();
    });
  };
  const note = ({ currentTarget: { currentTime, readyState } }: SyntheticEvent<HTMLVideoElement>): void => {
    if (readyState >= HTMLMediaElement.HAVE_METADATA) stood.current.at = currentTime;
  };
  const begun = ({ currentTarget: player }: SyntheticEvent<HTMLVideoElement>): void => {
    const { at, isPlaying } = stood.current;
    stood.current.hasBegun = true;
    if (at > 0) player.currentTime = at;
    if (isPlaying) void player.play().catch(() => undefined);
    // The button that was pressed is gone.
    if (turn > 0 && document.activeElement === document.body) player.focus();
  };
  return (
    <>
      <div className="well">
        {state.is === "plays" && (
          // Captions are made from the transcript, where there is one; the original has none.
          <video
            key={`${view.view} ${turn}`}
            ref={video}
            src={shown}
            controls
            playsInline
            preload="metadata"
            aria-label={m.recording.player}
            onError={failed}
            onLoadedMetadata={begun}
            onSeeking={note}
            onTimeUpdate={note}
            onPlay={() => (stood.current.isPlaying = true)}
            onPause={() => (stood.current.isPlaying = false)}
          />
        )}
        {state.is === "asking" && <Loading />}
        {state.is === "cannot" && <p role="alert">{m.recording.cannotPlay}</p>}
        {state.is === "kept" && (
          <>
            <p role="alert">{m.recording.stopped(shownDuration(stood.current.at * 1000), state.error instanceof Error ? state.error.message : "")}</p>
            <button type="button" className="primary" onClick={goOn}>
              {m.recording.tryAgain}
            </button>
          </>
        )}
        {state.is === "expired" && (
          <>
            <p role="alert">{m.recording.expired}</p>
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
