// SPDX-License-Identifier: Apache-2.0
// What a recording is said to be, corrected on the record; and its release to the officer who waits for it.
import { useState, type ReactNode } from "react";
import { askJson } from "../../api/client.js";
import type { Recording, Restriction, Session } from "../../api/schema.js";
import { AskDialog, ReasonField, type DoneProps } from "../../app/ask.js";
import { m } from "../../app/messages.js";
import { Name, Ready, useLoad } from "../../ui/parts.js";
import { changeable, changeOf, saidOf, type Field, type Said } from "./change.js";

interface ChangeProps {
  readonly recording: Recording;
  readonly onChanged: (recording: Recording) => void;
}

/** Where nothing may be changed there is no button. */
export function Change({ recording, onChanged }: ChangeProps): ReactNode {
  const [isChanging, setChanging] = useState(false);
  const [categories] = useLoad("categories", (signal) => askJson<"GET /api/v1/categories">("/api/v1/categories", { signal }));
  if (changeable(recording).size === 0) return null;
  const standing = categories.state === "ready" ? categories.value.items.filter((each) => each.retired_at === null) : [];
  const close = (): void => setChanging(false);
  return (
    <>
      <button type="button" onClick={() => setChanging(true)}>
        {m.change.change}
      </button>
      {isChanging && categories.state !== "loading" && (
        <ChangeDialog
          recording={recording}
          categories={standing.map((each) => each.name)}
          onClose={close}
          onChanged={(changed) => {
            close();
            onChanged(changed);
          }}
        />
      )}
    </>
  );
}

interface DialogProps extends Pick<DoneProps, "onClose"> {
  readonly categories: readonly string[];
}

interface CategoryProps {
  readonly value: string;
  /** The agency's own; none: in one's own words. */
  readonly names: readonly string[];
  readonly onSay: (category: string) => void;
}

/** What the recording was given before stays a choice, whoever gave it. */
function CategoryField({ value, names, onSay }: CategoryProps): ReactNode {
  const [before] = useState(value);
  if (names.length === 0) {
    return <input value={value} maxLength={200} autoFocus autoComplete="off" onChange={(event) => onSay(event.target.value)} />;
  }
  return (
    <select value={value} autoFocus onChange={(event) => onSay(event.target.value)}>
      <option value="">{m.list.none}</option>
      {(before === "" || names.includes(before) ? names : [before, ...names]).map((name) => (
        <option key={name}>{name}</option>
      ))}
    </select>
  );
}

function ChangeDialog({ recording, categories, onClose, onChanged }: ChangeProps & DialogProps): ReactNode {
  // As they were known when it opened: no field becomes another while somebody types.
  const [names] = useState(categories);
  const [said, setSaid] = useState<Said>(() => saidOf(recording));
  const fields = changeable(recording);
  const change = changeOf(recording, said);
  const say = (part: Partial<Said>): void => setSaid({ ...said, ...part });
  const has = (field: Field): boolean => fields.has(field);
  const ask = async (text: (name: string) => string): Promise<void> =>
    onChanged(
      await askJson<"PATCH /api/v1/recordings/{id}">(`/api/v1/recordings/${recording.id}`, { method: "PATCH", body: { ...change, reason: text("reason") } }),
    );
  return (
    <AskDialog title={m.change.title} note={m.change.note} submit={m.change.submit} isReady={change !== undefined} ask={ask} onClose={onClose} onDone={onClose}>
      <label>
        {m.recording.fact.category}
        <CategoryField value={said.category} names={names} onSay={(category) => say({ category })} />
      </label>
      {has("incident") && (
        <label>
          {m.recording.fact.incident}
          <input value={said.incident} maxLength={200} autoComplete="off" onChange={(event) => say({ incident: event.target.value })} />
        </label>
      )}
      {has("officer") && <OfficerChoice chosen={said.officer} onChoose={(officer) => say({ officer })} />}
      {has("insideHome") && (
        <fieldset>
          <legend>{m.purpose.insideHome}</legend>
          {([true, false] as const).map((answer) => (
            <label key={String(answer)} className="check">
              <input type="radio" name="inside_home" checked={said.insideHome === answer} onChange={() => say({ insideHome: answer })} />
              {answer ? m.purpose.insideHomeAnswers.yes : m.purpose.insideHomeAnswers.no}
            </label>
          ))}
        </fieldset>
      )}
      {has("victimSensitive") && (
        <label className="check">
          <input type="checkbox" checked={said.victimSensitive} onChange={(event) => say({ victimSensitive: event.target.checked })} />
          {m.change.victimSensitive}
        </label>
      )}
      {has("restriction") && (
        <label>
          {m.change.restriction}
          <select value={said.restriction} onChange={(event) => say({ restriction: event.target.value as Restriction | "" })}>
            <option value="">{m.change.noRestriction}</option>
            {Object.entries(m.recording.restrictions).map(([value, name]) => (
              <option key={value} value={value}>
                {name}
              </option>
            ))}
          </select>
        </label>
      )}
      {said.restriction !== "" && recording.restriction === null && <p className="quiet-text">{m.change.restrictionNote}</p>}
      {fields.size < 6 && <p className="quiet-text">{m.change.fewer}</p>}
      <ReasonField />
    </AskDialog>
  );
}

function OfficerChoice({ chosen, onChoose }: { readonly chosen: string; readonly onChoose: (officer: string) => void }): ReactNode {
  const [people, again] = useLoad("people", (signal) => askJson<"GET /api/v1/people">("/api/v1/people", { signal }));
  return (
    <Ready of={people} again={again}>
      {({ items }) => (
        <label>
          {m.change.officer}
          <select value={chosen} onChange={(event) => onChoose(event.target.value)}>
            <option value="">{m.change.nobody}</option>
            {items.map((person) => (
              <option key={person.id} value={person.id}>
                {m.change.person(person.name, person.badge)}
              </option>
            ))}
          </select>
        </label>
      )}
    </Ready>
  );
}

/** Whose it is, by name where whoever looks may see the roster. */
export function AssignedOfficer({ id, session }: { readonly id: string; readonly session: Session }): ReactNode {
  return session.may.includes("see_roster") ? <Named id={id} /> : <span className="mono">{id}</span>;
}

function Named({ id }: { readonly id: string }): ReactNode {
  const [person] = useLoad(id, (signal) => askJson<"GET /api/v1/people/{id}">(`/api/v1/people/${id}`, { signal }));
  return person.state === "ready" ? <Name text={m.change.person(person.value.name, person.value.badge)} /> : <span className="mono">{id}</span>;
}

interface ReleaseProps {
  readonly recording: Recording;
  readonly onReleased: () => void;
}

/** For whoever may let its officer see it, where the agency's rule makes them wait for that. */
export function Release(props: ReleaseProps): ReactNode {
  const { recording } = props;
  return recording.may.includes("release_own") && recording.assigned_officer !== null ? <Waiting {...props} officer={recording.assigned_officer} /> : null;
}

function Waiting({ recording, officer, onReleased }: ReleaseProps & { readonly officer: string }): ReactNode {
  const [waits] = useLoad(`${recording.id} ${officer}`, async (signal) => {
    const { own_viewing: rule } = await askJson<"GET /api/v1/rules">("/api/v1/rules", { signal });
    if (rule !== "supervisor_releases") return false;
    const { items } = await askJson<"GET /api/v1/recordings/{id}/custody">(`/api/v1/recordings/${recording.id}/custody`, { signal });
    return !items.some(({ type, event }) => type === "recording.released" && event["officer"] === officer);
  });
  const [isAsking, setAsking] = useState(false);
  if (waits.state !== "ready" || !waits.value) return null;
  const ask = (text: (name: string) => string): Promise<unknown> =>
    askJson<"POST /api/v1/recordings/{id}/release">(`/api/v1/recordings/${recording.id}/release`, { method: "POST", body: { reason: text("reason") } });
  return (
    <>
      <button type="button" onClick={() => setAsking(true)}>
        {m.change.release}
      </button>
      {isAsking && (
        <AskDialog
          title={m.change.release}
          note={m.change.releaseNote}
          submit={m.change.releaseSubmit}
          ask={ask}
          onClose={() => setAsking(false)}
          onDone={() => {
            setAsking(false);
            onReleased();
          }}
        >
          <ReasonField isFirst />
        </AskDialog>
      )}
    </>
  );
}
