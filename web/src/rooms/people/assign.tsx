// SPDX-License-Identifier: Apache-2.0
// Who is what, from when until when: beginning an assignment and ending one.
import { useState, type ReactNode } from "react";
import { askJson } from "../../api/client.js";
import type { AssignmentKind, Session } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { instantOf, localMinute } from "../../ui/format.js";
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

export function begin(kind: AssignmentKind, person: string, target: string, text: (name: string) => string): Promise<unknown> {
  const [from, until] = [instantOf(text("from")), instantOf(text("until"))];
  return askJson<"POST /api/v1/assignments">("/api/v1/assignments", {
    method: "POST",
    body: { kind, person, ...(target === "" ? {} : { target }), ...(from === undefined ? {} : { from }), ...(until === undefined ? {} : { until }) },
  });
}

interface AssignProps extends DoneProps {
  readonly person: { readonly id: string; readonly name: string };
  readonly kinds: readonly AssignmentKind[];
}

export function AssignDialog({ person, kinds, ...done }: AssignProps): ReactNode {
  const [kind, setKind] = useState<AssignmentKind>(kinds[0] ?? "badge");
  return (
    <AskDialog
      title={m.people.assignTo(person.name)}
      note={m.people.assignNote}
      submit={m.people.assign}
      ask={(text) => begin(kind, person.id, kind === "investigation" ? "" : text("target"), text)}
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
