// SPDX-License-Identifier: Apache-2.0
// The cameras as things: where each is, who has it, how it does; and the box by which they go out and come in.
import { useState, type ReactNode } from "react";
import { Link } from "wouter";
import { askJson } from "../../api/client.js";
import type { Camera, Session } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { shownTime } from "../../ui/format.js";
import { Empty, Items, Name, Status, Table, useLoad, useTitle, type Tone } from "../../ui/parts.js";
import { Docks } from "./docks.js";
import { Makes } from "./makes_table.js";
import { ScanBox } from "./scan_box.js";
import { SigningKeys } from "./signing_keys.js";
import { Systems } from "./systems.js";

export const STATE_TONES: Readonly<Record<string, Tone>> = { in_service: "ok", out_of_service: "due", lost: "bad", retired: "plain", not_there_yet: "info" };

export default function CamerasPage({ session }: { readonly session: Session }): ReactNode {
  useTitle(m.fleet.title);
  const [load, again] = useLoad("cameras", (signal) => askJson<"GET /api/v1/fleet/cameras">("/api/v1/fleet/cameras", { signal }));
  // What was shown stays in place while a scan's change is fetched: the table does not jump under whoever scans.
  const [last, setLast] = useState(load);
  if (load !== last && load.state !== "loading") setLast(load);
  return (
    <>
      <h1>{m.fleet.title}</h1>
      <p className="lead">{m.fleet.lead}</p>
      {session.may.includes("assign_device") && <ScanBox onChanged={again} />}
      <Items of={last} again={again} none={<Empty title={m.fleet.none} detail={m.fleet.noneDetail} />}>
        {(cameras) => <Cameras cameras={cameras} />}
      </Items>
      <Docks />
      <Systems session={session} />
      <SigningKeys session={session} />
      <Makes />
    </>
  );
}

function Cameras({ cameras }: { readonly cameras: readonly Camera[] }): ReactNode {
  const [wanted, setWanted] = useState("");
  const text = wanted.trim().toLowerCase();
  const shown = cameras.filter((each) => `${each.serial} ${each.officer?.name ?? ""} ${each.place ?? ""}`.toLowerCase().includes(text));
  return (
    <>
      <div className="filters">
        <label>
          {m.fleet.find}
          <input type="search" value={wanted} onChange={(event) => setWanted(event.target.value)} />
        </label>
        <p className="quiet-text">{m.fleet.inAll(cameras.length, cameras.filter((each) => each.officer !== null).length)}</p>
      </div>
      <Table caption={m.fleet.caption} heads={[m.fleet.serial, m.fleet.state, m.fleet.officer, m.fleet.place, m.fleet.condition]}>
        {shown.map((camera) => (
          <tr key={camera.id}>
            <td className="name">
              <Link to={`/fleet/cameras/${camera.id}`} className="mono">
                <Name text={camera.serial} />
              </Link>
            </td>
            <td>
              <Status tone={STATE_TONES[camera.state] ?? "plain"} word={m.fleet.states[camera.state] ?? camera.state} />
              <div className="quiet-text">{m.fleet.uses[camera.use]}</div>
            </td>
            <td>
              {camera.officer === null ? <span className="quiet-text">{m.fleet.nobody}</span> : <Name text={camera.officer.name} />}
              {camera.out_since !== null && <div className="quiet-text">{m.fleet.since(shownTime(camera.out_since))}</div>}
            </td>
            <td>
              {camera.place !== null && <Name text={camera.place} />}
              {camera.seen_at !== null && <div className="quiet-text">{shownTime(camera.seen_at)}</div>}
            </td>
            <td>
              <Condition camera={camera} />
            </td>
          </tr>
        ))}
      </Table>
    </>
  );
}

export function Condition({ camera }: { readonly camera: Camera }): ReactNode {
  const facts = [
    camera.firmware === null ? undefined : m.fleet.firmware(camera.firmware),
    camera.battery_percent === null ? undefined : m.fleet.battery(camera.battery_percent),
    camera.clock_drift_ms === null ? undefined : m.fleet.drift(camera.clock_drift_ms),
  ].filter((fact) => fact !== undefined);
  return (
    <>
      {camera.open_faults > 0 && <Status tone="bad" word={m.fleet.faults(camera.open_faults)} />}
      <div className="quiet-text">
        <Name text={facts.length === 0 ? m.fleet.notMeasured : facts.join(", ")} />
      </div>
    </>
  );
}
