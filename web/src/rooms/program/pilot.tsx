// SPDX-License-Identifier: Apache-2.0
// Who takes part in a pilot, unit by unit and over time, and whether anybody must.
import type { ReactNode } from "react";
import type { ProgramBargaining } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { Name, Status, Table } from "../../ui/parts.js";
import { standing, Told } from "./told.js";

export function Pilot({ pilot }: { readonly pilot: ProgramBargaining["pilots"][number] }): ReactNode {
  return (
    <section>
      <h3>
        <Name text={pilot.pilot} />
      </h3>
      {pilot.participants === null ? (
        <p>{m.bargaining.nobodySaid}</p>
      ) : (
        <p className="row">
          <Status tone={pilot.state === "has_participants" ? "ok" : "due"} word={m.bargaining.pilotStates[pilot.state ?? ""] ?? ""} />
          <span>{m.bargaining.participants(pilot.participants.number, pilot.participants.approximate)}</span>
        </p>
      )}
      <p>{m.bargaining.mandatory[pilot.mandatory_wear]}</p>
      {pilot.by_unit.length > 0 && (
        <Table caption={m.bargaining.pilots} heads={[m.bargaining.unit, { label: m.bargaining.number, as: "number" }, m.bargaining.mode]}>
          {pilot.by_unit.map((part) => (
            <tr key={part.participation}>
              <th scope="row">
                <Name text={part.title ?? part.unit ?? part.participation} />
              </th>
              <td className="number">{standing(part.participants, m.bargaining.notSaid)}</td>
              <td>{standing(part.mode, m.bargaining.notSaid, m.bargaining.modes)}</td>
            </tr>
          ))}
        </Table>
      )}
      {pilot.by_unit.map((part) =>
        part.participants !== null && part.participants.statements.length > 1 ? (
          <Told key={part.participation} title={`${part.title ?? part.participation}: ${m.bargaining.history}`} field={part.participants} level="h4" />
        ) : null,
      )}
      <Told title={m.bargaining.wearDecision} field={pilot.wear} level="h4" />
    </section>
  );
}
