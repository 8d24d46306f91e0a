// SPDX-License-Identifier: Apache-2.0
// The agencies that the lead agency hosts: numbers, and a link to hand over.
import { useState, type ReactNode } from "react";
import { askJson } from "../../api/client.js";
import type { AddedAgency, HostedAgency } from "../../api/schema.js";
import { AskDialog, type DoneProps } from "../../app/ask.js";
import { m } from "../../app/messages.js";
import { shownBytes, shownTime } from "../../ui/format.js";
import { Copy, Failure, Name, Notice, Ready, Status, Table, useLoad, useTitle, type Tone } from "../../ui/parts.js";

const TONES: Readonly<Record<HostedAgency["first_run"], Tone>> = { ready: "ok", invited: "due", waiting: "bad" };

export default function AgenciesPage(): ReactNode {
  useTitle(m.agencies.title);
  const [load, again] = useLoad("agencies", (signal) => askJson<"GET /api/v1/agencies">("/api/v1/agencies", { signal }));
  const [isAdding, setAdding] = useState(false);
  const [added, setAdded] = useState<AddedAgency>();
  const [error, setError] = useState<unknown>();
  const show = (agency: AddedAgency): void => {
    setAdding(false);
    setError(undefined);
    setAdded(agency);
    again();
  };
  const renew = (agency: HostedAgency): void => {
    askJson<"POST /api/v1/agencies/{id}/setup-link">(`/api/v1/agencies/${agency.id}/setup-link`, { method: "POST" }).then(show, setError);
  };
  return (
    <>
      <div className="row heading">
        <h1>{m.agencies.title}</h1>
        <button type="button" className="primary" onClick={() => setAdding(true)}>
          {m.agencies.add}
        </button>
      </div>
      <p className="lead">{m.agencies.lead}</p>
      {error !== undefined && <Failure error={error} />}
      {added !== undefined && <SetupLink agency={added} />}
      <Ready of={load} again={again}>
        {(value) => <Agencies agencies={value.items} onRenew={renew} />}
      </Ready>
      {isAdding && <AddDialog onAdded={show} onClose={() => setAdding(false)} />}
    </>
  );
}

function SetupLink({ agency }: { readonly agency: AddedAgency }): ReactNode {
  const link = location.origin + agency.setup;
  return (
    <div role="status">
      <Notice tone="due" title={m.agencies.link(agency.name)}>
        <p className="row">
          <span className="mono digest">{link}</span> <Copy text={link} what={m.agencies.linkWhat} />
        </p>
        <p>{m.agencies.linkNote(shownTime(agency.link_expires_at ?? ""))}</p>
      </Notice>
    </div>
  );
}

function Agencies({ agencies, onRenew }: { readonly agencies: readonly HostedAgency[]; readonly onRenew: (agency: HostedAgency) => void }): ReactNode {
  return (
    <Table
      caption={m.agencies.caption}
      heads={[
        m.agencies.name,
        { label: m.agencies.people, as: "number" },
        { label: m.agencies.recordings, as: "number" },
        { label: m.agencies.bytes, as: "number" },
        m.agencies.published,
        m.agencies.firstRun,
      ]}
    >
      {agencies.map((agency) => (
        <tr key={agency.id}>
          <td className="name">
            <strong>
              <Name text={agency.name} />
            </strong>
            <div className="quiet-text">
              <span className="mono">{agency.slug}</span>
              {agency.lead && ` · ${m.agencies.thisOne}`}
            </div>
          </td>
          <td className="number">{m.agencies.number(agency.people)}</td>
          <td className="number">{m.agencies.number(agency.recordings)}</td>
          <td className="number">{shownBytes(agency.bytes)}</td>
          <td className="time">{agency.published_at === null ? m.agencies.never : shownTime(agency.published_at)}</td>
          <td>
            <Status tone={TONES[agency.first_run]} word={m.agencies.states[agency.first_run] ?? agency.first_run} />
            {agency.link_expires_at !== null && <div className="quiet-text">{m.agencies.until(shownTime(agency.link_expires_at))}</div>}
            {agency.first_run !== "ready" && (
              <div>
                <button type="button" className="quiet small" aria-label={m.agencies.newLinkFor(agency.name)} onClick={() => onRenew(agency)}>
                  {m.agencies.newLink}
                </button>
              </div>
            )}
          </td>
        </tr>
      ))}
    </Table>
  );
}

function AddDialog({ onAdded, onClose }: { readonly onAdded: (agency: AddedAgency) => void; readonly onClose: DoneProps["onClose"] }): ReactNode {
  const ask = async (text: (name: string) => string): Promise<void> => {
    const slug = text("slug");
    onAdded(await askJson<"POST /api/v1/agencies">("/api/v1/agencies", { method: "POST", body: { name: text("name"), slug: slug === "" ? undefined : slug } }));
  };
  return (
    <AskDialog title={m.agencies.addTitle} note={m.agencies.addNote} submit={m.agencies.add} ask={ask} onClose={onClose} onDone={onClose}>
      <label>
        {m.agencies.nameField}
        <input name="name" required maxLength={200} autoFocus />
      </label>
      <label>
        {m.agencies.slugField}
        <input name="slug" maxLength={40} pattern="[a-z0-9\-]*" autoCapitalize="none" spellCheck={false} />
      </label>
    </AskDialog>
  );
}
