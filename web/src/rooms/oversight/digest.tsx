// SPDX-License-Identifier: Apache-2.0
// One week, as it was when it had ended: who looked at what, for whoever answers for them to read and sign.
import { useState, type ReactNode } from "react";
import { Link } from "wouter";
import { askJson } from "../../api/client.js";
import type { DigestContent, DigestShown } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { shownDay, shownTime } from "../../ui/format.js";
import { Name, Notice, Ready, Table, useLoad, useTitle } from "../../ui/parts.js";
import { SignDialog } from "./sign.js";
import { DigestState } from "./weekly.js";

export default function DigestPage({ id }: { readonly id: string }): ReactNode {
  const [load, again] = useLoad(id, (signal) => askJson<"GET /api/v1/digests/{id}">(`/api/v1/digests/${encodeURIComponent(id)}`, { signal }));
  const title = load.state === "ready" ? m.oversight.weekOf(shownDay(load.value.from)) : m.oversight.digest;
  useTitle(title);
  return (
    <>
      <nav className="crumbs" aria-label={m.oversight.weekly}>
        <Link to="/weekly-review">← {m.oversight.weekly}</Link>
      </nav>
      <h1>{title}</h1>
      <Ready of={load} again={again}>
        {(value) => <Shown digest={value} again={again} />}
      </Ready>
    </>
  );
}

function Shown({ digest, again }: { readonly digest: DigestShown; readonly again: () => void }): ReactNode {
  const [isSigning, setSigning] = useState(false);
  const { content } = digest;
  const names = new Map(digest.names.map(({ id, name }) => [id, name]));
  const nameOf = (id: string): string => names.get(id) ?? id;
  return (
    <>
      <p className="row">
        <DigestState digest={digest} />
        <span>{m.oversight.digestSentence(digest.reader.name, content.members, content.units.map((unit) => unit.name))}</span>
      </p>
      {digest.signed_at !== null && (
        <Notice tone="ok" title={m.oversight.signedAt(shownTime(digest.signed_at))}>
          {digest.note !== "" && (
            <p>
              <Name text={digest.note} />
            </p>
          )}
        </Notice>
      )}
      <PeopleTable content={content} nameOf={nameOf} />
      <div className="pair">
        <section className="panel" aria-labelledby="alerts-title">
          <h2 id="alerts-title">{m.oversight.alerts}</h2>
          {content.alerts.length === 0 && <p className="quiet-text">{m.oversight.noneThatWeek}</p>}
          <ul className="plain">
            {content.alerts.map((alert) => (
              <li key={alert.alert}>
                <Link to={`/alerts/${alert.alert}`}>
                  <Name text={nameOf(alert.person)} />
                </Link>{" "}
                <span className="quiet-text">
                  {m.oversight.lookedAt(alert.recordings)}, {shownTime(alert.at)}
                </span>
              </li>
            ))}
          </ul>
        </section>
        <section className="panel" aria-labelledby="console-title">
          <h2 id="console-title">{m.oversight.console}</h2>
          {content.console.length === 0 && <p className="quiet-text">{m.oversight.noneThatWeek}</p>}
          <ul className="plain">
            {content.console.map((act) => (
              <li key={`${act.at} ${act.person} ${act.event}`}>
                {m.account.eventNames[act.event] ?? act.event}: <Name text={nameOf(act.person)} /> <span className="quiet-text">{shownTime(act.at)}</span>
              </li>
            ))}
          </ul>
        </section>
        <section className="panel" aria-labelledby="strays-title">
          <h2 id="strays-title">{m.oversight.unattributed}</h2>
          <p>{m.oversight.strays(content.unattributed.received, content.unattributed.open)}</p>
        </section>
      </div>
      {digest.may_sign && (
        <div>
          <button type="button" className="primary" onClick={() => setSigning(true)}>
            {m.oversight.sign}
          </button>
        </div>
      )}
      {isSigning && (
        <SignDialog
          title={m.oversight.sign}
          note={m.oversight.signNote}
          sign={(said) => askJson<"POST /api/v1/digests/{id}/sign">(`/api/v1/digests/${digest.id}/sign`, { method: "POST", body: { note: said } })}
          onClose={() => setSigning(false)}
          onDone={() => {
            setSigning(false);
            again();
          }}
        />
      )}
    </>
  );
}

function PeopleTable({ content, nameOf }: { readonly content: DigestContent; readonly nameOf: (id: string) => string }): ReactNode {
  if (content.people.length === 0) return <p>{m.oversight.nobodyLooked}</p>;
  const purposes = (viewed: { readonly [purpose: string]: number }): string =>
    Object.entries(viewed)
      .map(([purpose, views]) => m.oversight.forPurpose(m.purpose.names[purpose] ?? purpose, views))
      .join(", ");
  return (
    <Table
      caption={m.oversight.whoLooked}
      heads={[
        m.oversight.who,
        m.oversight.views,
        { label: m.oversight.recordings, as: "number" },
        { label: m.oversight.outside, as: "number" },
        { label: m.oversight.exports, as: "number" },
        { label: m.oversight.shared, as: "number" },
        { label: m.oversight.refusals, as: "number" },
        { label: m.oversight.late, as: "number" },
      ]}
    >
      {content.people.map((person) => (
        <tr key={person.person}>
          <td className="name">
            <Name text={nameOf(person.person)} />
          </td>
          <td>{Object.keys(person.viewed).length === 0 ? m.list.none : purposes(person.viewed)}</td>
          <td className="number">{person.recordings}</td>
          <td className="number">{person.outside}</td>
          <td className="number">{person.exported}</td>
          <td className="number">{person.shared ?? m.list.none}</td>
          <td className="number">{person.refused}</td>
          <td className="number">{person.late ?? m.list.none}</td>
        </tr>
      ))}
    </Table>
  );
}
