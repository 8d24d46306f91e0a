// SPDX-License-Identifier: Apache-2.0
// What a person is here: the roles that they hold, and whether anybody can sign in as them. For administrators, about others.
import { useState, type ReactNode } from "react";
import { askJson } from "../../api/client.js";
import type { Person, Session } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { Status } from "../../ui/parts.js";
import { AskDialog, ReasonField, type DoneProps } from "../../app/ask.js";
import { changeOf, isChange, ROLES, withRole, type Role } from "./roles.js";

interface AccountProps {
  readonly person: Person;
  readonly session: Session;
  readonly again: () => void;
}

const named = (roles: readonly Role[]): string => roles.map((role) => m.people.roleNames[role] ?? role).join(", ");

export function Account({ person, session, again }: AccountProps): ReactNode {
  const [asking, setAsking] = useState<"roles" | "active">();
  const mayManage = session.may.includes("manage_people") && session.login !== person.login;
  const close = (): void => setAsking(undefined);
  const done = (): void => {
    close();
    again();
  };
  return (
    <>
      <section className="panel" aria-labelledby="account-title">
        <div className="row heading">
          <h2 id="account-title">{m.people.account}</h2>
          {mayManage && (
            <>
              <button type="button" onClick={() => setAsking("roles")}>
                {m.people.changeRoles}
              </button>
              <button type="button" onClick={() => setAsking("active")}>
                {person.active ? m.people.deactivate : m.people.activate}
              </button>
            </>
          )}
        </div>
        <p className="row">
          <Status tone={person.active ? "ok" : "bad"} word={person.active ? m.people.active : m.people.inactive} />
          <span>{named(person.roles)}</span>
        </p>
      </section>
      {asking === "roles" && <RolesDialog person={person} onClose={close} onDone={done} />}
      {asking === "active" && <ActiveDialog person={person} onClose={close} onDone={done} />}
    </>
  );
}

function RolesDialog({ person, ...done }: DoneProps & { readonly person: Person }): ReactNode {
  const [roles, setRoles] = useState<readonly Role[]>(person.roles);
  const { given, taken } = changeOf(person.roles, roles);
  const ask = (text: (name: string) => string): Promise<unknown> =>
    askJson<"POST /api/v1/people/{id}/roles">(`/api/v1/people/${person.id}/roles`, { method: "POST", body: { roles: [...roles], reason: text("reason") } });
  return (
    <AskDialog title={m.people.rolesOf(person.name)} note={m.people.rolesNote} submit={m.people.changeRoles} isReady={isChange(person.roles, roles)} ask={ask} {...done}>
      <fieldset className="choices">
        <legend>{m.people.roles}</legend>
        {ROLES.map((role) => (
          <label key={role} className="check">
            <input type="checkbox" checked={roles.includes(role)} onChange={(event) => setRoles(withRole(roles, role, event.target.checked))} />
            {m.people.roleNames[role]}
          </label>
        ))}
      </fieldset>
      <p role="status">{m.people.roleChange(given.length === 0 ? undefined : named(given), taken.length === 0 ? undefined : named(taken))}</p>
      <ReasonField />
    </AskDialog>
  );
}

function ActiveDialog({ person, ...done }: DoneProps & { readonly person: Person }): ReactNode {
  const ask = (text: (name: string) => string): Promise<unknown> =>
    askJson<"POST /api/v1/people/{id}/active">(`/api/v1/people/${person.id}/active`, { method: "POST", body: { active: !person.active, reason: text("reason") } });
  return (
    <AskDialog
      title={person.active ? m.people.deactivateTitle(person.name) : m.people.activateTitle(person.name)}
      note={person.active ? m.people.deactivateNote : m.people.activateNote}
      submit={person.active ? m.people.deactivate : m.people.activate}
      ask={ask}
      {...done}
    >
      <ReasonField isFirst />
    </AskDialog>
  );
}
