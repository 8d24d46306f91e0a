// SPDX-License-Identifier: Apache-2.0
// Imports from other evidence systems: what came in, and how another one is begun.
import { useState, type ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { askJson } from "../../api/client.js";
import type { Import, ImportProfile, Session } from "../../api/schema.js";
import { AskDialog } from "../../app/ask.js";
import { m } from "../../app/messages.js";
import { pageQuery, usePages } from "../../app/pages.js";
import { shownTime } from "../../ui/format.js";
import { Empty, Items, Name, Notice, Status, Table, useLoad, useTitle } from "../../ui/parts.js";

export const ZONES = ["America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles", "America/Anchorage", "Pacific/Honolulu", "America/Puerto_Rico"] as const;
const OWN = "";

export default function ImportsPage({ session }: { readonly session: Session }): ReactNode {
  useTitle(m.imports.title);
  if (session.may.includes("see_imports")) return <All mayImport={session.may.includes("import")} />;
  return (
    <>
      <h1>{m.imports.title}</h1>
      <Empty title={m.imports.notAllowedTitle} detail={m.imports.notAllowedDetail} />
    </>
  );
}

/** Said wherever a mapping is used. */
export function Mark({ of }: { readonly of: Pick<Import, "verified"> }): ReactNode {
  return of.verified ? <Status tone="ok" word={m.imports.verified} /> : <Status tone="due" word={m.imports.unverified} />;
}

function All({ mayImport }: { readonly mayImport: boolean }): ReactNode {
  const [load, again, foot] = usePages<Import, object>("imports", (cursor, signal) =>
    askJson<"GET /api/v1/imports">(`/api/v1/imports?${pageQuery(cursor)}`, { signal }),
  );
  const [isBeginning, setBeginning] = useState(false);
  return (
    <>
      <div className="row heading">
        <h1>{m.imports.title}</h1>
        {mayImport && (
          <button type="button" className="primary" onClick={() => setBeginning(true)}>
            {m.imports.begin}
          </button>
        )}
      </div>
      <p className="quiet-text">{m.imports.lead}</p>
      <Items of={load} again={again} none={<Empty title={m.imports.none} detail={m.imports.noneDetail} />}>
        {(imports) => (
          <Table caption={m.imports.caption} heads={[m.imports.name, m.imports.system, m.imports.began, m.imports.state, { label: m.imports.arrived, as: "number" }]}>
            {imports.map((each) => (
              <tr key={each.id}>
                <td className="name">
                  <Link to={`/imports/${each.id}`}>
                    <Name text={each.title} />
                  </Link>
                </td>
                <td>
                  <Name text={each.system} />
                  <div>
                    <Mark of={each} />
                  </div>
                </td>
                <td>{shownTime(each.began_at)}</td>
                <td>
                  <Status tone={each.state === "open" ? "info" : "ok"} word={m.imports.states[each.state] ?? each.state} />
                </td>
                <td className="number">
                  {m.imports.of(each.counts.arrived, each.counts.expected)}
                  {each.counts.differing > 0 && (
                    <div>
                      <Status tone="bad" word={m.imports.differ(each.counts.differing)} />
                    </div>
                  )}
                </td>
              </tr>
            ))}
          </Table>
        )}
      </Items>
      {foot}
      {isBeginning && <Beginning onClose={() => setBeginning(false)} />}
    </>
  );
}

function Beginning({ onClose }: { readonly onClose: () => void }): ReactNode {
  const [profiles] = useLoad("import-profiles", (signal) => askJson<"GET /api/v1/import-profiles">("/api/v1/import-profiles", { signal }));
  const [, navigate] = useLocation();
  const [name, setName] = useState<string>();
  const [mapping, setMapping] = useState<File>();
  const items: readonly ImportProfile[] = profiles.state === "ready" ? profiles.value.items : [];
  const chosen = name ?? items[0]?.name ?? OWN;
  const profile = items.find((each) => each.name === chosen);
  const ask = async (text: (name: string) => string): Promise<void> => {
    let own: Record<string, never> | undefined;
    if (profile === undefined) {
      try {
        own = JSON.parse((await mapping?.text()) ?? "") as Record<string, never>;
      } catch {
        throw new Error(m.imports.mappingBroken);
      }
    }
    const body = { title: text("title"), ...(profile === undefined ? { mapping: own } : { profile: profile.name }), ...(text("zone") === "" ? {} : { zone: text("zone") }) };
    const made = await askJson<"POST /api/v1/imports">("/api/v1/imports", { method: "POST", body });
    navigate(`/imports/${made.id}`);
  };
  return (
    <AskDialog title={m.imports.beginTitle} note={m.imports.beginNote} submit={m.imports.go} isReady={profiles.state !== "loading" && (profile !== undefined || mapping !== undefined)} ask={ask} onClose={onClose} onDone={onClose}>
      <label>
        {m.imports.name}
        <input name="title" required maxLength={200} autoFocus aria-describedby="import-name-hint" />
      </label>
      <p id="import-name-hint" className="quiet-text">
        {m.imports.nameHint}
      </p>
      <label>
        {m.imports.profile}
        <select value={chosen} onChange={(event) => setName(event.target.value)}>
          {items.map((each) => (
            <option key={each.name} value={each.name}>
              {each.system}
            </option>
          ))}
          <option value={OWN}>{m.imports.own}</option>
        </select>
      </label>
      {profile !== undefined && !profile.verified && (
        <Notice tone="due" title={m.imports.unverifiedTitle}>
          <p>{m.imports.unverifiedDetail}</p>
        </Notice>
      )}
      {profile === undefined && (
        <>
          <label>
            {m.imports.mappingFile}
            <input type="file" accept=".json,application/json" onChange={(event) => setMapping(event.target.files?.[0])} aria-describedby="mapping-note" />
          </label>
          <p id="mapping-note" className="quiet-text">
            {m.imports.mappingNote}
          </p>
        </>
      )}
      {(profile === undefined || profile.needs_zone) && (
        <>
          <label>
            {m.imports.zone}
            <select name="zone" defaultValue="America/New_York" aria-describedby="zone-note">
              {ZONES.map((zone) => (
                <option key={zone}>{zone}</option>
              ))}
            </select>
          </label>
          <p id="zone-note" className="quiet-text">
            {m.imports.zoneNote}
          </p>
        </>
      )}
    </AskDialog>
  );
}
