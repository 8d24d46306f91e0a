// SPDX-License-Identifier: Apache-2.0
// All that is on record of one person: what they have acknowledged, with its proof, and what they have attended.
import type { ReactNode } from "react";
import { Link } from "wouter";
import { askJson } from "../../api/client.js";
import type { RecordedAcknowledgement, TrainingRecord } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { shownDay, shownTime } from "../../ui/format.js";
import { Copy, Name, Notice, Ready, Status, Table, useLoad, useTitle } from "../../ui/parts.js";

export default function RecordPage({ id }: { readonly id: string }): ReactNode {
  const [load, again] = useLoad(id, (signal) => askJson<"GET /api/v1/training/people/{id}">(`/api/v1/training/people/${encodeURIComponent(id)}`, { signal }));
  useTitle(load.state === "ready" ? load.value.person.name : m.training.recordTitle);
  return (
    <>
      <p className="crumbs">
        <Link to="/training">{m.training.back}</Link>
      </p>
      <h1>{m.training.recordTitle}</h1>
      <Ready of={load} again={again}>
        {(record) => <Shown record={record} />}
      </Ready>
    </>
  );
}

function Shown({ record }: { readonly record: TrainingRecord }): ReactNode {
  return (
    <>
      <p className="lead">
        <Name text={record.person.name} />
      </p>
      {record.missing.length === 0 ? (
        <Notice tone="ok" title={m.training.mayGo} />
      ) : (
        <Notice tone="due" title={m.training.mayNotGo}>
          <ul className="plain">
            {record.missing.map((sentence) => (
              <li key={sentence}>
                <Name text={sentence} />
              </li>
            ))}
          </ul>
        </Notice>
      )}
      <section aria-labelledby="acknowledged-title">
        <h2 id="acknowledged-title">{m.training.acknowledgements}</h2>
        {record.acknowledgements.length === 0 ? (
          <p className="quiet-text">{m.training.noAcknowledgements}</p>
        ) : (
          <Table caption={m.training.acknowledgementsCaption} heads={[m.training.policy, m.training.when, m.training.proof]}>
            {record.acknowledgements.map((each) => (
              <tr key={each.id}>
                <td className="name">
                  <Link to={`/training/policies/${each.policy}`}>
                    <Name text={each.title} />
                  </Link>
                  <div className="quiet-text">{m.training.version(each.number)}</div>
                </td>
                <td>{shownTime(each.at)}</td>
                <td>
                  <Proof of={each} />
                </td>
              </tr>
            ))}
          </Table>
        )}
      </section>
      <section aria-labelledby="attended-title">
        <h2 id="attended-title">{m.training.attendances}</h2>
        {record.attendances.length === 0 ? (
          <p className="quiet-text">{m.training.noAttendances}</p>
        ) : (
          <Table caption={m.training.attendancesCaption} heads={[m.training.course, m.training.on, m.training.ends, m.training.by]}>
            {record.attendances.map((each) => (
              <tr key={each.id}>
                <td className="name">
                  <Name text={each.title} />
                  {each.trainer !== null && (
                    <div className="quiet-text">
                      <Name text={each.trainer} />
                    </div>
                  )}
                </td>
                <td>{shownDay(each.on)}</td>
                <td>
                  {each.withdrawn_at === null ? (
                    each.ends === null ? (
                      m.training.withoutEnd
                    ) : (
                      shownDay(each.ends)
                    )
                  ) : (
                    <>
                      <Status tone="bad" word={m.training.takenBack} />
                      <div className="quiet-text">
                        <Name text={each.reason ?? ""} />
                      </div>
                    </>
                  )}
                </td>
                <td>
                  <Name text={each.by.name} />
                  <div className="quiet-text">{shownTime(each.at)}</div>
                </td>
              </tr>
            ))}
          </Table>
        )}
      </section>
    </>
  );
}

function Proof({ of }: { readonly of: RecordedAcknowledgement }): ReactNode {
  return (
    <>
      {m.training.proofs[of.proof]}
      <div className="mono quiet-text">{`${of.sha256.slice(0, 8)}…${of.sha256.slice(-8)}`}</div>
      {of.passkey !== null && (
        <p className="row">
          <span className="quiet-text">{m.training.canCheck}</span>
          <Copy text={JSON.stringify(of.passkey)} what={m.training.canCheck} />
        </p>
      )}
    </>
  );
}
