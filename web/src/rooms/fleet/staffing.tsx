// SPDX-License-Identifier: Apache-2.0
// How many there are to wear a camera, how many cameras, and the file that says so.
import { useState, type FormEvent, type ReactNode } from "react";
import { askJson } from "../../api/client.js";
import type { Session, Staffing, StaffingImported } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { shownDay } from "../../ui/format.js";
import { Failure, Name, Notice, Ready, Table, useLoad, useTitle } from "../../ui/parts.js";

const ZONES = ["America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles", "America/Anchorage", "Pacific/Honolulu", "America/Puerto_Rico"] as const;

export default function StaffingPage({ session }: { readonly session: Session }): ReactNode {
  useTitle(m.staffing.title);
  const [day, setDay] = useState("");
  const query = new URLSearchParams({ as_of: day }).toString();
  const [load, again] = useLoad(query, (signal) => askJson<"GET /api/v1/staffing">(`/api/v1/staffing?${query}`, { signal }));
  return (
    <>
      <h1>{m.staffing.title}</h1>
      <p className="lead">{m.staffing.lead}</p>
      <div className="filters">
        <label>
          {m.staffing.asOf}
          <input type="date" value={day} onChange={(event) => setDay(event.target.value)} />
        </label>
      </div>
      <Ready of={load} again={again}>
        {(staffing) => <Shown staffing={staffing} />}
      </Ready>
      {session.may.includes("manage_staffing") && <Import onDone={again} />}
    </>
  );
}

function Shown({ staffing }: { readonly staffing: Staffing }): ReactNode {
  return (
    <>
      {staffing.note === null ? <Notice tone="ok">{m.staffing.enough}</Notice> : <Notice tone="due" title={staffing.sworn === null ? m.staffing.unknown : m.staffing.tooFew}>{staffing.note}</Notice>}
      {staffing.mode !== null && <p>{m.staffing.mode(staffing.mode)}</p>}
      <Table caption={m.staffing.figures} heads={[m.staffing.kind, { label: m.staffing.count, as: "number" }, m.staffing.since, m.staffing.source]}>
        {(["authorized", "sworn", "pipeline"] as const).map((kind) => {
          const strength = staffing[kind];
          return (
            <tr key={kind}>
              <th scope="row">{m.staffing.kinds[kind]}</th>
              <td className="number">{strength === null ? m.staffing.unknown : m.staffing.range(strength.low, strength.high)}</td>
              <td>{strength !== null && shownDay(strength.from)}</td>
              <td>{strength !== null && strength.source !== null && <Name text={strength.source} />}</td>
            </tr>
          );
        })}
        <tr>
          <th scope="row">{m.staffing.cameras}</th>
          <td className="number">{staffing.cameras}</td>
          <td />
          <td />
        </tr>
      </Table>
      <div className="pair">
        <Names title={m.staffing.units} names={staffing.units.map((unit) => ({ id: unit.id, name: unit.name, more: "" }))} />
        <Names title={m.staffing.shifts} names={staffing.shifts.map((shift) => ({ id: shift.id, name: shift.name, more: shift.begins === null || shift.ends === null ? "" : `${shift.begins} – ${shift.ends}` }))} />
        <Names title={m.staffing.facilities} names={staffing.facilities.map((each) => ({ id: each.id, name: each.name, more: each.aliases.length === 0 ? "" : m.staffing.also(each.aliases) }))} />
      </div>
    </>
  );
}

interface NamesProps {
  readonly title: string;
  readonly names: readonly { readonly id: string; readonly name: string; readonly more: string }[];
}

function Names({ title, names }: NamesProps): ReactNode {
  return (
    <section className="panel" aria-label={title}>
      <h2>{title}</h2>
      {names.length === 0 && <p className="quiet-text">{m.staffing.noneYet}</p>}
      <ul className="plain">
        {names.map((each) => (
          <li key={each.id}>
            <Name text={each.name} />{" "}
            <span className="quiet-text">
              <Name text={each.more} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Import({ onDone }: { readonly onDone: () => void }): ReactNode {
  const [error, setError] = useState<unknown>();
  const [done, setDone] = useState<StaffingImported>();
  const [isWorking, setWorking] = useState(false);
  const onSubmit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const file = fields.get("file");
    if (!(file instanceof File)) return;
    setError(undefined);
    setDone(undefined);
    setWorking(true);
    file
      .text()
      .then((csv) => askJson<"POST /api/v1/staffing/import">("/api/v1/staffing/import", { method: "POST", body: { csv, zone: String(fields.get("zone") ?? "") } }))
      .then((answer) => {
        setDone(answer);
        onDone();
      })
      .catch(setError)
      .finally(() => setWorking(false));
  };
  return (
    <section className="panel" aria-labelledby="import-title">
      <h2 id="import-title">{m.staffing.import}</h2>
      <p className="quiet-text">{m.staffing.importNote}</p>
      {error !== undefined && <Failure error={error} />}
      {done !== undefined && <Notice tone="ok" title={m.staffing.done(done.added, done.already)} />}
      <form onSubmit={onSubmit}>
        <label>
          {m.staffing.file}
          <input type="file" name="file" accept=".csv,text/csv" required />
        </label>
        <label>
          {m.staffing.zone}
          <select name="zone" defaultValue="America/New_York">
            {ZONES.map((zone) => (
              <option key={zone}>{zone}</option>
            ))}
            <option value="">{m.staffing.noZone}</option>
          </select>
        </label>
        <button type="submit" className="primary" disabled={isWorking}>
          {m.staffing.send}
        </button>
      </form>
    </section>
  );
}
