// SPDX-License-Identifier: Apache-2.0
// What was marked on the camera, and what its system said of the recording as a whole.
import type { ReactNode } from "react";
import { askJson } from "../../api/client.js";
import type { Marker, Recording } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { shownDuration, shownTime } from "../../ui/format.js";
import { Name, useLoad } from "../../ui/parts.js";
import { FactRows } from "./fact_rows.js";

export function Markers({ recording }: { readonly recording: Recording }): ReactNode {
  const [load] = useLoad(recording.id, (signal) => askJson<"GET /api/v1/recordings/{id}/markers">(`/api/v1/recordings/${recording.id}/markers`, { signal }));
  // Most recordings have none, and what a page is for does not wait for them.
  if (load.state !== "ready" || (load.value.items.length === 0 && load.value.said === null)) return null;
  const { items, said } = load.value;
  return (
    <section className="panel facts" aria-labelledby="markers-title">
      <h2 id="markers-title">{m.markers.title}</h2>
      {items.length > 0 && (
        <ul className="plain">
          {items.map((marker) => (
            <li key={marker.id}>
              <When marker={marker} from={recording.recorded_at} /> <Name text={[marker.category, marker.words].filter(Boolean).join(": ") || m.markers.plain} />
              <div className="quiet-text">
                <Name text={m.markers.by(marker.by, marker.tags ?? undefined)} />
              </div>
            </li>
          ))}
        </ul>
      )}
      {said !== null && (
        <details>
          <summary>{m.markers.said}</summary>
          <p className="quiet-text">{m.markers.saidNote}</p>
          <FactRows rows={told(said).map(([key, value]) => [m.markers.keys[key] ?? key, <Name key={key} text={value} />] as const)} />
        </details>
      )}
    </section>
  );
}

/** A time that is told twice is told once. */
const told = (said: Readonly<Record<string, string>>): readonly (readonly [string, string])[] => Object.entries(said).filter(([key]) => !(`${key}iso` in said));

/** In the recording, where both times are known; else by the clock. */
function When({ marker, from }: { readonly marker: Marker; readonly from: string | null }): ReactNode {
  if (marker.at === null) return null;
  const ms = from === null ? -1 : Date.parse(marker.at) - Date.parse(from);
  return (
    <time dateTime={marker.at} title={shownTime(marker.at)} className="mono">
      {ms >= 0 ? shownDuration(ms) : shownTime(marker.at)}
    </time>
  );
}
