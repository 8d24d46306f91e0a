// SPDX-License-Identifier: Apache-2.0
// A person is added, and gets a link to hand over: nobody chooses another's password.
import { useState, type ReactNode } from "react";
import { askJson } from "../../api/client.js";
import type { InvitedPerson } from "../../api/schema.js";
import { AskDialog, type DoneProps } from "../../app/ask.js";
import { m } from "../../app/messages.js";
import { shownTime } from "../../ui/format.js";
import { Copy, Notice } from "../../ui/parts.js";
import { ROLES, withRole, type Role } from "./roles.js";

interface AddProps {
  readonly onAdded: (person: InvitedPerson) => void;
  readonly onClose: DoneProps["onClose"];
}

export function AddDialog({ onAdded, onClose }: AddProps): ReactNode {
  const [roles, setRoles] = useState<readonly Role[]>(["officer"]);
  const ask = async (text: (name: string) => string): Promise<void> => {
    const badge = text("badge");
    onAdded(
      await askJson<"POST /api/v1/people">("/api/v1/people", {
        method: "POST",
        body: { login: text("login"), name: text("name"), roles: [...roles], ...(badge === "" ? {} : { badge }) },
      }),
    );
  };
  return (
    <AskDialog title={m.people.addTitle} note={m.people.addNote} submit={m.people.add} isReady={roles.length > 0} ask={ask} onClose={onClose} onDone={onClose}>
      <label>
        {m.people.name}
        <input name="name" required maxLength={200} autoFocus autoComplete="off" />
      </label>
      <label>
        {m.people.login}
        <input name="login" required maxLength={200} pattern="\S+" autoComplete="off" autoCapitalize="none" spellCheck={false} />
      </label>
      <label>
        {m.people.badgeField}
        <input name="badge" maxLength={200} autoComplete="off" />
      </label>
      <fieldset className="choices">
        <legend>{m.people.roles}</legend>
        {ROLES.map((role) => (
          <label key={role} className="check">
            <input type="checkbox" checked={roles.includes(role)} onChange={(event) => setRoles(withRole(roles, role, event.target.checked))} />
            {m.people.roleNames[role]}
          </label>
        ))}
      </fieldset>
    </AskDialog>
  );
}

export function SetupLink({ person }: { readonly person: InvitedPerson }): ReactNode {
  const link = location.origin + person.setup;
  return (
    <div role="status">
      <Notice tone="due" title={m.people.link(person.name)}>
        <p className="row">
          <span className="mono digest">{link}</span> <Copy text={link} what={m.agencies.linkWhat} />
        </p>
        <p>{m.people.linkNote(shownTime(person.setup_expires_at))}</p>
      </Notice>
    </div>
  );
}
