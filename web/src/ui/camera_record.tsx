// SPDX-License-Identifier: Apache-2.0
// What a camera's record says, in sentences: for a recording and for the camera.
import type { ReactNode } from "react";
import type { CameraClock, CameraGap } from "../api/schema.js";
import { m } from "../app/messages.js";
import { Status } from "./parts.js";
import { shownTime } from "./format.js";
import { clockSentence, gapNumbers } from "./camera_words.js";

export function GapLine({ gap, say }: { readonly gap: CameraGap; readonly say: (n: number, numbers: string) => string }): ReactNode {
  const words = say(gap.missing, gapNumbers(gap));
  return (
    <>
      <Status tone={gap.closed_at === null ? "due" : "ok"} word={gap.closed_at === null ? m.camera.missing : m.camera.closed} /> {words}
      <div className="quiet-text">{gap.closed_at === null ? m.camera.found(shownTime(gap.found_at)) : m.camera.closedAt(shownTime(gap.closed_at))}</div>
    </>
  );
}

export function ClockLine({ clock }: { readonly clock: CameraClock }): ReactNode {
  return (
    <>
      {clockSentence(clock)}
      <div className="quiet-text">{m.camera.methods[clock.method]}</div>
    </>
  );
}
