// SPDX-License-Identifier: Apache-2.0
// Where the camera was: by the clip's own telemetry, or by a file beside it, which is opened under a view of its own.
import { useEffect, useState, type ReactNode } from "react";
import { askJson } from "../../api/client.js";
import type { Clip, Purpose, Recording, Track, View } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { shownTime } from "../../ui/format.js";
import { Failure } from "../../ui/parts.js";
import { openView } from "./purpose.js";
import { draw, SIDE, trailOf } from "./route.js";

interface Props {
  readonly recording: Recording;
  readonly view: View;
  readonly said: { readonly purpose: Purpose; readonly case?: string | undefined };
}

interface Found {
  readonly address: string;
  readonly track: Track;
}

/** nothing where there is none, or none yet. */
async function read(id: string, view: string, signal?: AbortSignal): Promise<Found | undefined> {
  const address = `/api/v1/recordings/${id}/track?view=${view}` as const;
  const track = await askJson<"GET /api/v1/recordings/{id}/track">(address, signal === undefined ? {} : { signal });
  return track === undefined ? undefined : { address, track };
}

export function TrackPanel({ recording, view, said }: Props): ReactNode {
  const [found, setFound] = useState<Found>();
  const [isAsked, setAsked] = useState(false);
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    const abort = new AbortController();
    read(recording.id, view.view, abort.signal).then(
      (own) => {
        setFound(own);
        setAsked(true);
      },
      (reason: unknown) => {
        if (!abort.signal.aborted) setError(reason);
      },
    );
    return () => abort.abort();
  }, [recording.id, view.view]);
  const trail = trailOf(recording);
  const open = (clip: Clip): void => {
    setError(undefined);
    openView(clip, said)
      .then((opened) => read(clip.id, opened.view))
      .then((beside) => (beside === undefined ? setError(new Error(m.track.notYet)) : setFound(beside)), setError);
  };
  if (found === undefined && error === undefined && (!isAsked || trail === undefined)) return null;
  return (
    <section className="panel" aria-labelledby="track-title">
      <h2 id="track-title">{m.track.title}</h2>
      {error !== undefined && <Failure error={error} />}
      {found !== undefined && <Route found={found} />}
      {found === undefined && trail !== undefined && (
        <>
          <p className="quiet-text">{m.track.beside(trail.filename)}</p>
          <button type="button" onClick={() => open(trail)}>
            {m.track.open}
          </button>
        </>
      )}
    </section>
  );
}

function Route({ found: { address, track } }: { readonly found: Found }): ReactNode {
  const drawn = draw(track.points);
  const first = track.points[0];
  const last = track.points.at(-1);
  const place = (point: typeof first): string => (point === undefined ? "" : m.track.place(point.latitude, point.longitude, point.time === null ? undefined : shownTime(point.time)));
  return (
    <>
      <p>{track.sentence}</p>
      {drawn !== undefined && (
        <figure className="route">
          <svg viewBox={`0 0 ${SIDE} ${SIDE}`} role="img" aria-label={m.track.drawing(track.length_m)}>
            <path d={drawn.path} fill="none" stroke="currentColor" strokeWidth="2" strokeLinejoin="round" />
            <circle cx={drawn.start[0]} cy={drawn.start[1]} r="5" fill="none" stroke="currentColor" strokeWidth="2" />
            <circle cx={drawn.end[0]} cy={drawn.end[1]} r="5" fill="currentColor" />
          </svg>
          <figcaption className="quiet-text">{m.track.scale(drawn.side_m)}</figcaption>
        </figure>
      )}
      <dl>
        <div>
          <dt>{m.track.start}</dt>
          <dd>{place(first)}</dd>
        </div>
        <div>
          <dt>{m.track.end}</dt>
          <dd>{place(last)}</dd>
        </div>
      </dl>
      <p className="row">
        <a href={`${address}&format=gpx`} download="track.gpx">
          {m.track.gpx}
        </a>
        <a href={`${address}&format=geojson`} download="track.geojson">
          {m.track.geojson}
        </a>
      </p>
    </>
  );
}
