// SPDX-License-Identifier: Apache-2.0
// Who is what, from when until when: beginning an assignment and ending one; and what a camera brought while nobody had said who wore it.
import { useState, type ReactNode } from "react";
import { askJson } from "../../api/client.js";
import type { Assignment, AssignmentKind, Recording, Session } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { instantOf, localMinute, shownTime } from "../../ui/format.js";
import { Name } from "../../ui/parts.js";
import { AskDialog, ReasonField, type DoneProps } from "../../app/ask.js";

/** Who may begin and end an assignment of a kind. */
export const ACTIONS: { readonly [K in AssignmentKind]: Session["may"][number] } = {
  badge: "manage_people",
  device: "assign_device",
  unit: "manage_people",
  unit_supervisor: "manage_people",
  case: "manage_cases",
  clearance: "clear",
  investigation: "investigate",
  shift: "manage_people",
  facility: "manage_people",
  scope: "manage_people",
};
export const KINDS = Object.keys(ACTIONS) as readonly AssignmentKind[];

/** Local times, to the minute. Both may be left empty. */
export function FromUntil(): ReactNode {
  return (
    <>
      <label>
        {m.people.from}
        <input name="from" type="datetime-local" />
      </label>
      <label>
        {m.people.until}
        <input name="until" type="datetime-local" />
      </label>
    </>
  );
}

export function begin(kind: AssignmentKind, person: string, target: string, text: (name: string) => string): Promise<Assignment> {
  const [from, until] = [instantOf(text("from")), instantOf(text("until"))];
  return askJson<"POST /api/v1/assignments">("/api/v1/assignments", {
    method: "POST",
    body: { kind, person, ...(target === "" ? {} : { target }), ...(from === undefined ? {} : { from }), ...(until === undefined ? {} : { until }) },
  });
}

/** Recordings of one camera, within an assignment of it that was entered afterwards, that are nobody's. */
export interface Nobodys {
  readonly person: { readonly id: string; readonly name: string };
  readonly serial: string;
  readonly recordings: readonly Recording[];
}
const NOBODYS_MAX = 200;
const NOBODYS_SHOWN = 5;

/** Those that whoever asks may assign; none where it is no camera, or begins with what it will record. */
async function nobodys(made: Assignment, serial: string): Promise<readonly Recording[]> {
  if (made.kind !== "device" || new Date(made.from) >= new Date()) return [];
  const query = new URLSearchParams({ unattributed: "true", device: serial, from: made.from, limit: String(NOBODYS_MAX) });
  if (made.until !== null) query.set("to", made.until);
  const { items } = await askJson<"GET /api/v1/recordings">(`/api/v1/recordings?${query}`);
  return items.filter((item) => item.may.includes("reassign"));
}

interface AssignProps extends DoneProps {
  readonly person: { readonly id: string; readonly name: string };
  readonly kinds: readonly AssignmentKind[];
  readonly onNobodys: (found: Nobodys) => void;
}

export function AssignDialog({ person, kinds, onNobodys, ...done }: AssignProps): ReactNode {
  const [kind, setKind] = useState<AssignmentKind>(kinds[0] ?? "badge");
  const ask = async (text: (name: string) => string): Promise<void> => {
    const serial = kind === "investigation" ? "" : text("target");
    const made = await begin(kind, person.id, serial, text);
    // The assignment stands, whatever becomes of this question.
    const recordings = await nobodys(made, serial).catch(() => []);
    if (recordings.length > 0) onNobodys({ person, serial, recordings });
  };
  return (
    <AskDialog
      title={m.people.assignTo(person.name)}
      note={m.people.assignNote}
      submit={m.people.assign}
      ask={ask}
      {...done}
    >
      <label>
        {m.people.kind}
        <select value={kind} onChange={(event) => setKind(event.target.value as AssignmentKind)} autoFocus>
          {kinds.map((each) => (
            <option key={each} value={each}>
              {m.people.kinds[each]}
            </option>
          ))}
        </select>
      </label>
      {kind === "clearance" ? (
        <label>
          {m.people.targets.clearance}
          <select name="target">
            {Object.entries(m.recording.restrictions).map(([value, name]) => (
              <option key={value} value={value}>
                {name}
              </option>
            ))}
          </select>
        </label>
      ) : (
        kind !== "investigation" && (
          <label>
            {m.people.targets[kind]}
            <input name="target" required maxLength={200} />
          </label>
        )
      )}
      <FromUntil />
    </AskDialog>
  );
}

export function NobodysDialog({ found, ...done }: DoneProps & { readonly found: Nobodys }): ReactNode {
  const { person, serial, recordings } = found;
  const [assigned, setAssigned] = useState<ReadonlySet<string>>(new Set());
  const ask = async (text: (name: string) => string): Promise<void> => {
    for (const { id } of recordings) {
      if (assigned.has(id)) continue; // of a try before this one
      await askJson<"PATCH /api/v1/recordings/{id}">(`/api/v1/recordings/${id}`, {
        method: "PATCH",
        body: { assigned_officer: person.id, reason: text("reason") },
      });
      setAssigned((before) => new Set([...before, id]));
    }
  };
  return (
    <AskDialog
      title={m.people.nobodys(recordings.length, serial)}
      note={m.people.nobodysNote(person.name)}
      submit={m.people.nobodysAssign(recordings.length)}
      ask={ask}
      {...done}
    >
      <ul className="plain">
        {recordings.slice(0, NOBODYS_SHOWN).map((recording) => (
          <li key={recording.id}>
            <Name text={recording.filename} /> <span className="quiet-text">{shownTime(recording.recorded_at ?? recording.received_at)}</span>
          </li>
        ))}
        {recordings.length > NOBODYS_SHOWN && <li className="quiet-text">{m.people.nobodysMore(recordings.length - NOBODYS_SHOWN)}</li>}
      </ul>
      <ReasonField isFirst />
    </AskDialog>
  );
}

interface EndProps extends DoneProps {
  readonly assignment: { readonly id: string; readonly kind: AssignmentKind };
  readonly title: string;
}

export function EndDialog({ assignment, title, ...done }: EndProps): ReactNode {
  const ask = (text: (name: string) => string): Promise<unknown> => {
    const until = instantOf(text("until"));
    return askJson<"POST /api/v1/assignments/{id}/end">(`/api/v1/assignments/${assignment.id}/end`, {
      method: "POST",
      body: { reason: text("reason"), ...(until === undefined ? {} : { until }) },
    });
  };
  return (
    <AskDialog title={title} note={m.people.endNote} submit={m.people.end} ask={ask} {...done}>
      <ReasonField isFirst />
      <label>
        {m.people.endAt}
        {/* A badge names its wearer until it is taken off, which is never on a day to come. */}
        <input name="until" type="datetime-local" max={assignment.kind === "badge" ? localMinute(new Date()) : undefined} />
      </label>
    </AskDialog>
  );
}
