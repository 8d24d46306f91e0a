// SPDX-License-Identifier: Apache-2.0
// Body-worn systems of another maker: who is let in, when each was last heard of, and the file by which one connects.
import { useState, type ReactNode } from "react";
import { askJson } from "../../api/client.js";
import type { CameraSystem, CameraSystemEntry, ConnectedCameraSystem, Session } from "../../api/schema.js";
import { AskDialog } from "../../app/ask.js";
import { m } from "../../app/messages.js";
import { shownTime } from "../../ui/format.js";
import { Empty, Items, Name, Notice, Status, Table, useLoad } from "../../ui/parts.js";

type Asked = { readonly what: "add" } | { readonly what: "renew" | "refuse"; readonly system: CameraSystem };

export function Systems({ session }: { readonly session: Session }): ReactNode {
  const [load, again] = useLoad("camera-systems", (signal) => askJson<"GET /api/v1/camera-systems">("/api/v1/camera-systems", { signal }));
  const [asked, setAsked] = useState<Asked>();
  const [made, setMade] = useState<ConnectedCameraSystem>();
  const mayManage = session.may.includes("manage_fleet");
  const done = (): void => {
    setAsked(undefined);
    again();
  };
  return (
    <section className="apart" aria-labelledby="systems-title">
      <div className="row heading">
        <h2 id="systems-title">{m.systems.title}</h2>
        {mayManage && (
          <button type="button" onClick={() => setAsked({ what: "add" })}>
            {m.systems.add}
          </button>
        )}
      </div>
      <p className="quiet-text">{m.systems.lead}</p>
      {made !== undefined && <Connection made={made} />}
      <Items of={load} again={again} none={<Empty title={m.systems.none} detail={m.systems.noneDetail} />}>
        {(systems) => (
          <Table caption={m.systems.caption} heads={[m.systems.name, m.systems.state, m.systems.told, m.systems.sent, ...(mayManage ? [m.systems.acts] : [])]}>
            {systems.map((system) => (
              <tr key={system.id}>
                <td className="name">
                  <Name text={system.name} />
                  {system.encrypts && <div className="quiet-text">{m.systems.encrypts}</div>}
                </td>
                <td>
                  <State system={system} />
                </td>
                <td>
                  <Entries system={system} />
                </td>
                <td>
                  {m.systems.recordings(system.recordings)}
                  {system.unfinished > 0 && <div className="quiet-text">{m.systems.unfinished(system.unfinished)}</div>}
                  {system.last_at !== null && <div className="quiet-text">{shownTime(system.last_at)}</div>}
                </td>
                {mayManage && (
                  <td>
                    {!system.revoked && (
                      <div className="row">
                        <button type="button" className="quiet small" onClick={() => setAsked({ what: "renew", system })}>
                          {m.systems.renew}
                        </button>
                        <button type="button" className="quiet small" onClick={() => setAsked({ what: "refuse", system })}>
                          {m.systems.refuse}
                        </button>
                      </div>
                    )}
                  </td>
                )}
              </tr>
            ))}
          </Table>
        )}
      </Items>
      {asked?.what === "refuse" && <Refusal system={asked.system} onClose={() => setAsked(undefined)} onDone={done} />}
      {asked !== undefined && asked.what !== "refuse" && (
        <Wizard
          system={asked.what === "renew" ? asked.system : undefined}
          onClose={() => setAsked(undefined)}
          onMade={(connected) => {
            setMade(connected);
            done();
          }}
        />
      )}
    </section>
  );
}

function State({ system }: { readonly system: CameraSystem }): ReactNode {
  if (system.revoked) return <Status tone="bad" word={m.systems.refused} />;
  if (system.seen_at === null) return <Status tone="due" word={m.systems.neverSeen} />;
  return (
    <>
      <Status tone="ok" word={m.systems.connected} />
      <div className="quiet-text">{m.systems.seen(shownTime(system.seen_at))}</div>
    </>
  );
}

/** Its users and cameras, asked for when somebody wants to know. */
function Entries({ system }: { readonly system: CameraSystem }): ReactNode {
  const [isOpen, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{m.systems.entries(system.users, system.cameras)}</summary>
      {isOpen && <EntryList id={system.id} />}
    </details>
  );
}

/** Users first. */
const byKind = (a: CameraSystemEntry, b: CameraSystemEntry): number => b.kind.localeCompare(a.kind);

function EntryList({ id }: { readonly id: string }): ReactNode {
  const [load, again] = useLoad(id, (signal) => askJson<"GET /api/v1/camera-systems/{id}/entries">(`/api/v1/camera-systems/${id}/entries`, { signal }));
  return (
    <Items of={load} again={again} none={<p className="quiet-text">{m.systems.noEntries}</p>}>
      {(entries) => (
        <ul className="plain">
          {[...entries].sort(byKind).map((entry) => (
            <li key={`${entry.kind} ${entry.name}`}>
              <Name text={m.systems.entry(entry.shown ?? entry.name, entry.kind === "user" ? entry.user_id : entry.name)} />
              {entry.kind === "user" && entry.person === null && <span className="quiet-text"> {m.systems.nobody}</span>}
              {!entry.active && <span className="quiet-text"> {m.systems.inactive}</span>}
            </li>
          ))}
        </ul>
      )}
    </Items>
  );
}

/** Shown once: whoever closes the page makes another. */
function Connection({ made }: { readonly made: ConnectedCameraSystem }): ReactNode {
  const save = (): void => {
    const url = URL.createObjectURL(new Blob([made.file], { type: "application/json" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = `${made.name.replace(/[^A-Za-z0-9-]+/g, "-")}-connection.json`;
    link.click();
    URL.revokeObjectURL(url);
  };
  return (
    <Notice tone="info" title={m.systems.madeTitle(made.name)}>
      <ol>
        {m.systems.steps.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
      <button type="button" className="primary" onClick={save}>
        {m.systems.save}
      </button>
    </Notice>
  );
}

interface WizardProps {
  readonly system: CameraSystem | undefined;
  readonly onClose: () => void;
  readonly onMade: (made: ConnectedCameraSystem) => void;
}

function Wizard({ system, onClose, onMade }: WizardProps): ReactNode {
  const ask = async (text: (name: string) => string): Promise<void> => {
    const some = (name: string): string | undefined => (text(name) === "" ? undefined : text(name));
    const terms = { url: some("url"), certificate: some("certificate"), encrypt_to: some("encrypt_to") };
    onMade(
      system === undefined
        ? await askJson<"POST /api/v1/camera-systems">("/api/v1/camera-systems", { method: "POST", body: { name: text("name"), ...terms } })
        : await askJson<"POST /api/v1/camera-systems/{id}/connection">(`/api/v1/camera-systems/${system.id}/connection`, { method: "POST", body: terms }),
    );
  };
  return (
    <AskDialog
      title={system === undefined ? m.systems.addTitle : m.systems.renewTitle(system.name)}
      note={system === undefined ? m.systems.addNote : m.systems.renewNote}
      submit={m.systems.make}
      ask={ask}
      onClose={onClose}
      onDone={onClose}
    >
      {system === undefined && (
        <label>
          {m.systems.nameField}
          <input name="name" required maxLength={200} autoFocus />
        </label>
      )}
      <label>
        {m.systems.urlField}
        <input name="url" required defaultValue={system?.url ?? location.origin} autoCapitalize="none" spellCheck={false} />
      </label>
      <label>
        {m.systems.certificateField}
        <textarea name="certificate" rows={3} className="mono" spellCheck={false} aria-describedby="certificate-note" />
      </label>
      <p id="certificate-note" className="quiet-text">
        {m.systems.certificateNote}
      </p>
      <label>
        {m.systems.keyField}
        <textarea name="encrypt_to" rows={3} className="mono" spellCheck={false} required={system?.encrypts === true} aria-describedby="key-note" />
      </label>
      <p id="key-note" className="quiet-text">
        {m.systems.keyNote}
      </p>
    </AskDialog>
  );
}

function Refusal({ system, onClose, onDone }: { readonly system: CameraSystem; readonly onClose: () => void; readonly onDone: () => void }): ReactNode {
  return (
    <AskDialog
      title={m.systems.refuseTitle(system.name)}
      note={m.systems.refuseNote}
      submit={m.systems.refuse}
      ask={() => askJson<"DELETE /api/v1/camera-systems/{id}">(`/api/v1/camera-systems/${system.id}`, { method: "DELETE" })}
      onClose={onClose}
      onDone={onDone}
    >
      {null}
    </AskDialog>
  );
}
