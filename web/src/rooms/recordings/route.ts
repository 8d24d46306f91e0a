// SPDX-License-Identifier: Apache-2.0
// A track as a line on paper: north is up, and a meter is as long one way as the other.
import type { Clip, Recording, TrackPoint } from "../../api/schema.js";

export interface Drawn {
  /** As an SVG path has it. */
  readonly path: string;
  readonly start: readonly [number, number];
  readonly end: readonly [number, number];
  /** How many meters the longer side of the picture is. */
  readonly side_m: number;
}

export const SIDE = 300;
const MARGIN = 12;
const METERS_A_DEGREE = 111_195;
/** Nobody sees more of them, and a picture of a place is no smaller than this. */
const SIDE_M_MIN = 20;

/** Nothing where there are no points. */
export function draw(points: readonly Pick<TrackPoint, "latitude" | "longitude">[]): Drawn | undefined {
  const first = points[0];
  if (first === undefined) return undefined;
  const shrink = Math.cos((first.latitude * Math.PI) / 180);
  // The short way around: a track over the date line is no line around the world.
  const meters = points.map(({ latitude, longitude }): readonly [number, number] => {
    const east = ((longitude - first.longitude + 540) % 360) - 180;
    return [east * shrink * METERS_A_DEGREE, (latitude - first.latitude) * METERS_A_DEGREE];
  });
  const xs = meters.map(([x]) => x);
  const ys = meters.map(([, y]) => y);
  const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const side_m = Math.max(right - left, high - low, SIDE_M_MIN);
  const scale = (SIDE - 2 * MARGIN) / side_m;
  const onPaper = ([x, y]: readonly [number, number]): readonly [number, number] => [
    SIDE / 2 + (x - (left + right) / 2) * scale,
    SIDE / 2 - (y - (low + high) / 2) * scale,
  ];
  const placed = meters.map(onPaper);
  const text = ([x, y]: readonly [number, number]): string => `${x.toFixed(1)} ${y.toFixed(1)}`;
  return { path: `M${placed.map(text).join("L")}`, start: onPaper([0, 0]), end: placed.at(-1) ?? onPaper([0, 0]), side_m };
}

/** The file beside a clip that tells where its camera was. */
export function trailOf(recording: Pick<Recording, "id" | "clips">): Clip | undefined {
  return recording.clips.find((clip) => clip.id !== recording.id && /(_gpstrail\.json|\.(gpx|nmea|srt))$/i.test(clip.filename));
}
