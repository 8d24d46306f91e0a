// SPDX-License-Identifier: Apache-2.0
// One person: what they were and are, and what they may do, and why.
import { useState, type ReactNode } from "react";
import { Link } from "wouter";
import { askJson } from "../../api/client.js";
import type { Assignment, Person, PersonRights, Session } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { pageQuery, usePages } from "../../app/pages.js";
import { shownTime } from "../../ui/format.js";
import { Items, Name, Notice, Ready, Status, Table, useLoad, useTitle } from "../../ui/parts.js";
import { Account } from "./account.js";
import { ACTIONS, AssignDialog, EndDialog, KINDS, NobodysDialog, type Nobodys } from "./assign.js";
import { type Cell, isUniform, layOut, RELATIONS, type RightRow } from "./rights.js";
import { SignInState } from "./sign_in_state.js";
import { Statements } from "./statements.js";

interface Names {
  readonly [id: string]: string;
}

interface Read {
  readonly person: Person;
  /** Undefined: what another may do is not for whoever asks. */
  readonly rights: PersonRights | undefined;
  readonly today: readonly Assignment[];
  readonly names: Names;
}

async function readPerson(id: string, session: Session, signal: AbortSignal): Promise<Read> {
  const named = encodeURIComponent(id);
  const names: Record<string, string> = {};
  // Ids as people know them, where the asker may see the lists they stand in.
  if (session.may.includes("see_roster")) for (const unit of (await askJson<"GET /api/v1/units">("/api/v1/units", { signal })).items) names[unit.id] = unit.name;
  if (session.may.includes("see_fleet")) {
    const { shifts, facilities } = await askJson<"GET /api/v1/staffing">("/api/v1/staffing", { signal });
    for (const each of [...shifts, ...facilities]) names[each.id] = each.name;
  }
  if (session.may.includes("see_cases")) for (const known of (await askJson<"GET /api/v1/cases">("/api/v1/cases", { signal })).items) names[known.id] = known.number;
  const person = session.may.includes("see_roster") ? await askJson<"GET /api/v1/people/{id}">(`/api/v1/people/${named}`, { signal }) : undefined;
  if (person === undefined || session.may.includes("explain") || person.login === session.login) {
    const rights = await askJson<"GET /api/v1/people/{id}/rights">(`/api/v1/people/${named}/rights`, { signal });
    return { person: rights, rights, today: rights.assignments, names };
  }
  const query = new URLSearchParams({ person: person.id, at: new Date().toISOString(), limit: "200" });
  const { items } = await askJson<"GET /api/v1/assignments">(`/api/v1/assignments?${query}`, { signal });
  return { person, rights: undefined, today: items, names };
}

export default function PersonPage({ id, session }: { readonly id: string; readonly session: Session }): ReactNode {
  const [load, again] = useLoad(id, (signal) => readPerson(id, session, signal));
  const [found, setFound] = useState<Nobodys>();
  const name = load.state === "ready" ? load.value.person.name : m.people.person;
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
        {(value) => <Loaded {...value} session={session} again={again} onNobodys={setFound} />}
      </Ready>
      {found !== undefined && <NobodysDialog found={found} onClose={() => setFound(undefined)} onDone={() => setFound(undefined)} />}
    </>
  );
}

interface LoadedProps extends Read {
  readonly session: Session;
  readonly again: () => void;
  readonly onNobodys: (found: Nobodys) => void;
}

function Loaded({ person, rights, today, names, session, again, onNobodys }: LoadedProps): ReactNode {
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
      <p className="lead">{m.people.summary(person.login, person.badge)}</p>
      {session.may.includes("explain") && person.active && person.login !== session.login && (
        <p>
          <Link to={`/people/${person.id}/view-as`}>{m.oversight.viewAs}</Link>
        </p>
      )}
      <Account person={person} session={session} again={again} />
      <section className="panel" aria-labelledby="assignments-title">
        <div className="row heading">
          <h2 id="assignments-title">{m.people.assignments}</h2>
          {kinds.length > 0 && (
            <button type="button" onClick={() => setAssigning(true)}>
              {m.people.assign}
            </button>
          )}
        </div>
        {today.length === 0 ? <p className="quiet-text">{m.people.noAssignments}</p> : <Assigned items={today} names={names} session={session} onEnd={setEnding} />}
        {session.may.includes("see_roster") && <Ever person={person} names={names} session={session} onEnd={setEnding} />}
      </section>
      {session.may.includes("record_statement") && <Statements person={person} session={session} />}
      {session.may.includes("manage_people") && <SignInState person={person} isSelf={person.login === session.login} />}
      {rights !== undefined && (person.active ? <Rights rows={layOut(rights.rights)} /> : <Inactive />)}
      {isAssigning && <AssignDialog person={person} kinds={kinds} onNobodys={onNobodys} onClose={() => setAssigning(false)} onDone={done} />}
      {ending !== undefined && (
        <EndDialog assignment={ending} title={m.people.endTitle(m.people.kinds[ending.kind])} onClose={() => setEnding(undefined)} onDone={done} />
      )}
    </>
  );
}

interface AssignedProps {
  readonly names: Names;
  readonly session: Session;
  readonly onEnd: (assignment: Assignment) => void;
}

function Assigned({ items, names, session, onEnd }: AssignedProps & { readonly items: readonly Assignment[] }): ReactNode {
  return (
    <ul className="plain">
      {items.map((assignment) => (
        <li key={assignment.id} className="row">
          <span>
            {m.people.kinds[assignment.kind]}{" "}
            {assignment.kind === "device" && session.may.includes("see_fleet") ? (
              <Camera id={assignment.target} />
            ) : (
              <Name text={names[assignment.target] ?? assignment.target} />
            )}{" "}
            <span className="quiet-text">
              {m.people.since(assignment.from.startsWith("1970-01-01") ? undefined : shownTime(assignment.from), assignment.until === null ? undefined : shownTime(assignment.until))}
            </span>
          </span>
          {session.may.includes(ACTIONS[assignment.kind]) && (assignment.until === null || new Date(assignment.until) > new Date()) && (
            <button type="button" className="quiet small" onClick={() => onEnd(assignment)}>
              {m.people.end}
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}

/** By its serial, and where its own history is. An agency has thousands: each is asked for where it is named. */
function Camera({ id }: { readonly id: string }): ReactNode {
  const [load] = useLoad(id, (signal) => askJson<"GET /api/v1/fleet/cameras/{id}">(`/api/v1/fleet/cameras/${id}`, { signal }));
  return (
    <Link to={`/fleet/cameras/${id}`} className="mono">
      <Name text={load.state === "ready" ? load.value.serial : id} />
    </Link>
  );
}

/** What was, and what is to come: asked for once somebody wants to see it. */
function Ever({ person, ...props }: AssignedProps & { readonly person: Person }): ReactNode {
  const [isOpen, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{m.people.ever}</summary>
      {isOpen && <All person={person} {...props} />}
    </details>
  );
}

function All({ person, ...props }: AssignedProps & { readonly person: Person }): ReactNode {
  const [load, again, foot] = usePages(person.id, (cursor, signal) =>
    askJson<"GET /api/v1/assignments">(`/api/v1/assignments?${pageQuery(cursor, { person: person.id })}`, { signal }),
  );
  return (
    <>
      <Items of={load} again={again} none={<p className="quiet-text">{m.people.noAssignments}</p>}>
        {(items) => <Assigned items={items} {...props} />}
      </Items>
      {foot}
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
