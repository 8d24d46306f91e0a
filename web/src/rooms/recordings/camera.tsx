// SPDX-License-Identifier: Apache-2.0
// What its camera's record says of a recording: files that did not arrive before and after it, what it overlaps, and the clock.
import type { ReactNode } from "react";
import { Link } from "wouter";
import { askJson } from "../../api/client.js";
import type { Recording } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { ClockLine, GapLine } from "../../ui/camera_record.js";
import { shownOffset } from "../../ui/camera_words.js";
import { useLoad } from "../../ui/parts.js";

export function CameraFacts({ recording }: { readonly recording: Recording }): ReactNode {
  const [load] = useLoad(recording.id, (signal) => askJson<"GET /api/v1/recordings/{id}/camera">(`/api/v1/recordings/${recording.id}/camera`, { signal }));
  // Of most recordings there is nothing to tell, and what the page is for does not wait for it.
  if (load.state !== "ready") return null;
  const { missing_before: before, missing_after: after, clock, overlaps } = load.value;
  if (before.length + after.length + clock.length + overlaps.length === 0) return null;
  return (
    <section className="panel facts" aria-labelledby="camera-title">
      <h2 id="camera-title">{m.camera.title}</h2>
      <ul className="plain">
        {before.map((gap) => (
          <li key={gap.id}>
            <GapLine gap={gap} say={m.camera.before} />
          </li>
        ))}
        {after.map((gap) => (
          <li key={gap.id}>
            <GapLine gap={gap} say={m.camera.after} />
          </li>
        ))}
        {overlaps.map((overlap) => (
          <li key={`${overlap.kind} ${overlap.found_at} ${overlap.other ?? ""}`}>
            {overlap.kind === "time" ? m.camera.shares(shownOffset(overlap.shared_ms ?? 0)) : m.camera.sameNumber(overlap.number ?? 0)}{" "}
            {overlap.other !== null && <Link to={`/recordings/${overlap.other}`}>{m.camera.other}</Link>}
          </li>
        ))}
        {clock.map((each) => (
          <li key={`${each.recording} ${each.method}`}>
            <ClockLine clock={each} />
          </li>
        ))}
      </ul>
      {clock.length > 0 && <p className="quiet-text">{m.camera.unchanged}</p>}
    </section>
  );
}
