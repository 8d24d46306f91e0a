// SPDX-License-Identifier: Apache-2.0
// One alert: what was looked at, and what came of asking about it.
import { useState, type ReactNode } from "react";
import { Link } from "wouter";
import { askJson } from "../../api/client.js";
import type { AlertShown } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { AskDialog, ReasonField } from "../../app/ask.js";
import { shownTime } from "../../ui/format.js";
import { Name, Notice, Ready, Table, useLoad, useTitle } from "../../ui/parts.js";
import { AlertState } from "./alerts.js";

export default function AlertPage({ id }: { readonly id: string }): ReactNode {
  useTitle(m.oversight.alert);
  const [load, again] = useLoad(id, (signal) => askJson<"GET /api/v1/alerts/{id}">(`/api/v1/alerts/${encodeURIComponent(id)}`, { signal }));
  return (
    <>
      <nav className="crumbs" aria-label={m.oversight.alerts}>
        <Link to="/alerts">← {m.oversight.alerts}</Link>
      </nav>
      <h1>{load.state === "ready" ? <Name text={load.value.person.name} /> : m.oversight.alert}</h1>
      <Ready of={load} again={again}>
        {(value) => <Shown alert={value} again={again} />}
      </Ready>
    </>
  );
}

function Shown({ alert, again }: { readonly alert: AlertShown; readonly again: () => void }): ReactNode {
  const [isAsking, setAsking] = useState(false);
  return (
    <>
      <p className="row">
        <AlertState alert={alert} />
        <span>{m.oversight.alertSentence(alert.recordings, shownTime(alert.from), shownTime(alert.at))}</span>
      </p>
      {alert.acknowledged !== null && (
        <Notice tone="ok" title={m.oversight.settledBy(alert.acknowledged.by.name, shownTime(alert.acknowledged.at))}>
          <p>
            <Name text={alert.acknowledged.reason} />
          </p>
        </Notice>
      )}
      {alert.may_acknowledge && (
        <div>
          <button type="button" className="primary" onClick={() => setAsking(true)}>
            {m.oversight.acknowledge}
          </button>
        </div>
      )}
      <Looks alert={alert} />
      {isAsking && (
        <AskDialog
          title={m.oversight.acknowledge}
          note={m.oversight.acknowledgeNote}
          submit={m.oversight.acknowledge}
          ask={(text) => askJson<"POST /api/v1/alerts/{id}/acknowledge">(`/api/v1/alerts/${alert.id}/acknowledge`, { method: "POST", body: { reason: text("reason") } })}
          onClose={() => setAsking(false)}
          onDone={() => {
            setAsking(false);
            again();
          }}
        >
          <ReasonField isFirst />
        </AskDialog>
      )}
    </>
  );
}

function Looks({ alert }: { readonly alert: AlertShown }): ReactNode {
  return (
    <section aria-labelledby="looks-title">
      <h2 id="looks-title">{m.oversight.looks}</h2>
      <p className="quiet-text">{m.oversight.looksNote}</p>
      <Table
        caption={m.oversight.looks}
        heads={[m.oversight.when, m.oversight.act, m.oversight.purpose, m.oversight.case, m.oversight.tie, m.oversight.recording]}
      >
        {alert.looks.map((look, i) => (
          <tr key={`${look.at} ${i}`}>
            <td className="time">{shownTime(look.at)}</td>
            <td>{m.oversight.acts[look.act]}</td>
            <td>{look.purpose === null ? m.list.none : (m.purpose.names[look.purpose] ?? look.purpose)}</td>
            <td>{look.case === null ? m.list.none : <Name text={look.case} />}</td>
            <td>{look.tie === null ? m.list.none : m.oversight.ties[look.tie]}</td>
            <td className="mono">{look.recording === null ? m.oversight.notYours : <Link to={`/recordings/${look.recording}`}>{look.recording.slice(0, 8)}</Link>}</td>
          </tr>
        ))}
      </Table>
    </section>
  );
}
