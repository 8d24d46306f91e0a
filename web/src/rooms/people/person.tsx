// SPDX-License-Identifier: Apache-2.0
// One person: what they were and are, and what they may do, and why.
import { useState, type ReactNode } from "react";
import { Link } from "wouter";
import { askJson } from "../../api/client.js";
import type { Assignment, AssignmentKind, PersonRights, Session } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { shownTime } from "../../ui/format.js";
import { Name, Notice, Ready, Status, Table, useLoad, useTitle } from "../../ui/parts.js";
import { Account } from "./account.js";
import { AskDialog, ReasonField, type DoneProps } from "../../app/ask.js";
import { type Cell, isUniform, layOut, RELATIONS, type RightRow } from "./rights.js";
import { SignInState } from "./sign_in_state.js";

/** Who may begin and end an assignment of a kind. */
const ACTIONS: { readonly [K in AssignmentKind]: Session["may"][number] } = {
  badge: "manage_people",
  device: "assign_device",
  unit: "manage_people",
  unit_supervisor: "manage_people",
  case: "manage_cases",
  clearance: "clear",
  investigation: "investigate",
  shift: "manage_people",
  facility: "manage_people",
};
const KINDS = Object.keys(ACTIONS) as readonly AssignmentKind[];

interface Names {
  readonly [id: string]: string;
}

export default function PersonPage({ id, session }: { readonly id: string; readonly session: Session }): ReactNode {
  const [load, again] = useLoad(id, async (signal) => {
    const rights = await askJson<"GET /api/v1/people/{id}/rights">(`/api/v1/people/${encodeURIComponent(id)}/rights`, { signal });
    const names: Record<string, string> = {};
    // Ids as people know them, where the asker may see the lists they stand in.
    if (session.may.includes("see_roster")) for (const unit of (await askJson<"GET /api/v1/units">("/api/v1/units", { signal })).items) names[unit.id] = unit.name;
    if (session.may.includes("see_fleet")) {
      const { shifts, facilities } = await askJson<"GET /api/v1/staffing">("/api/v1/staffing", { signal });
      for (const each of [...shifts, ...facilities]) names[each.id] = each.name;
    }
    if (session.may.includes("see_cases")) for (const known of (await askJson<"GET /api/v1/cases">("/api/v1/cases", { signal })).items) names[known.id] = known.number;
    return { rights, names };
  });
  const name = load.state === "ready" ? load.value.rights.name : m.people.person;
  useTitle(name);
  return (
    <>
      <nav className="crumbs" aria-label={m.people.back}>
        <Link to="/people">← {m.people.back}</Link>
      </nav>
      <h1>
        <Name text={name} />
      </h1>
      <Ready of={load} again={again}>
        {(value) => <Loaded rights={value.rights} names={value.names} session={session} again={again} />}
      </Ready>
    </>
  );
}

interface LoadedProps {
  readonly rights: PersonRights;
  readonly names: Names;
  readonly session: Session;
  readonly again: () => void;
}

function Loaded({ rights, names, session, again }: LoadedProps): ReactNode {
  const kinds = KINDS.filter((kind) => session.may.includes(ACTIONS[kind]));
  const [isAssigning, setAssigning] = useState(false);
  const [ending, setEnding] = useState<Assignment>();
  const done = (): void => {
    setAssigning(false);
    setEnding(undefined);
    again();
  };
  return (
    <>
      <p className="lead">{m.people.summary(rights.login, rights.badge)}</p>
      {session.may.includes("explain") && rights.active && rights.login !== session.login && (
        <p>
          <Link to={`/people/${rights.id}/view-as`}>{m.oversight.viewAs}</Link>
        </p>
      )}
      <Account person={rights} session={session} again={again} />
      <section className="panel" aria-labelledby="assignments-title">
        <div className="row heading">
          <h2 id="assignments-title">{m.people.assignments}</h2>
          {kinds.length > 0 && (
            <button type="button" onClick={() => setAssigning(true)}>
              {m.people.assign}
            </button>
          )}
        </div>
        {rights.assignments.length === 0 ? (
          <p className="quiet-text">{m.people.noAssignments}</p>
        ) : (
          <ul className="plain">
            {rights.assignments.map((assignment) => (
              <li key={assignment.id} className="row">
                <span>
                  {m.people.kinds[assignment.kind]} <Name text={names[assignment.target] ?? assignment.target} />{" "}
                  <span className="quiet-text">{m.people.since(assignment.from.startsWith("1970-01-01") ? undefined : shownTime(assignment.from))}</span>
                </span>
                {session.may.includes(ACTIONS[assignment.kind]) && (
                  <button type="button" className="quiet small" onClick={() => setEnding(assignment)}>
                    {m.people.end}
                  </button>
                )}
              </li>
            ))}
          </ul>
        )}
      </section>
      {session.may.includes("manage_people") && <SignInState person={rights} isSelf={rights.login === session.login} />}
      {rights.active ? <Rights rows={layOut(rights.rights)} /> : <Inactive />}
      {isAssigning && <AssignDialog person={rights} kinds={kinds} onClose={() => setAssigning(false)} onDone={done} />}
      {ending !== undefined && <EndDialog assignment={ending} onClose={() => setEnding(undefined)} onDone={done} />}
    </>
  );
}

function Inactive(): ReactNode {
  return (
    <Notice tone="info" title={m.people.inactive}>
      <p>{m.people.inactiveNote}</p>
    </Notice>
  );
}

const ANSWERS = { allow: "ok", refuse: "bad", hide: "plain", ask: "due", sign_in: "plain" } as const;

function Answer({ cell }: { readonly cell: Cell }): ReactNode {
  return (
    <>
      <Status tone={ANSWERS[cell.answer as keyof typeof ANSWERS] ?? "plain"} word={m.people.answers[cell.answer] ?? cell.answer} />
      {cell.purposes.length > 0 && <div className="quiet-text">{m.people.forPurposes(cell.purposes.map((purpose) => m.purpose.names[purpose] ?? purpose))}</div>}
    </>
  );
}

function Rights({ rows }: { readonly rows: readonly RightRow[] }): ReactNode {
  return (
    <section aria-labelledby="rights-title">
      <h2 id="rights-title">{m.people.rights}</h2>
      <Notice tone="info">
        <p>{m.people.rightsNote}</p>
      </Notice>
      <Table
        caption={m.people.rights}
        heads={[m.people.action, ...RELATIONS.map((relation) => m.people.relations[relation]), m.people.rule]}
      >
        {rows.map((row) => (
          <tr key={row.action}>
            <th scope="row">{m.people.actions[row.action] ?? row.action}</th>
            {isUniform(row) ? (
              <td colSpan={RELATIONS.length}>
                <Answer cell={row.cells.own} />
              </td>
            ) : (
              RELATIONS.map((relation) => (
                <td key={relation}>
                  <Answer cell={row.cells[relation]} />
                </td>
              ))
            )}
            <td>{row.rules.join("; ")}</td>
          </tr>
        ))}
      </Table>
    </section>
  );
}

interface AssignProps extends DoneProps {
  readonly person: PersonRights;
  readonly kinds: readonly AssignmentKind[];
}

function AssignDialog({ person, kinds, ...done }: AssignProps): ReactNode {
  const [kind, setKind] = useState<AssignmentKind>(kinds[0] ?? "badge");
  const ask = (text: (name: string) => string): Promise<unknown> => {
    const target = text("target");
    return askJson<"POST /api/v1/assignments">("/api/v1/assignments", { method: "POST", body: { kind, person: person.id, ...(target === "" ? {} : { target }) } });
  };
  return (
    <AskDialog title={m.people.assignTo(person.name)} note={m.people.assignNote} submit={m.people.assign} ask={ask} {...done}>
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
    </AskDialog>
  );
}

function EndDialog({ assignment, ...done }: DoneProps & { readonly assignment: Assignment }): ReactNode {
  const ask = (text: (name: string) => string): Promise<unknown> =>
    askJson<"POST /api/v1/assignments/{id}/end">(`/api/v1/assignments/${assignment.id}/end`, { method: "POST", body: { reason: text("reason") } });
  return (
    <AskDialog title={m.people.endTitle(m.people.kinds[assignment.kind])} note={m.people.endNote} submit={m.people.end} ask={ask} {...done}>
      <ReasonField isFirst />
    </AskDialog>
  );
}
