// SPDX-License-Identifier: Apache-2.0
// Alerts on unusual reading, of those whom the signed-in person looks after.
import type { ReactNode } from "react";
import { Link } from "wouter";
import { askJson } from "../../api/client.js";
import type { Alert, AlertPage } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { shownTime } from "../../ui/format.js";
import { usePages } from "../../ui/pages.js";
import { Empty, Failure, Loading, Name, Status, useLoad, useTitle } from "../../ui/parts.js";

const ask = (cursor: string | null, signal?: AbortSignal): Promise<AlertPage> =>
  askJson<"GET /api/v1/alerts">(cursor === null ? "/api/v1/alerts" : `/api/v1/alerts?${new URLSearchParams({ cursor })}`, signal === undefined ? {} : { signal });

export default function AlertsPage(): ReactNode {
  useTitle(m.oversight.alerts);
  const [alerts, again] = useLoad("alerts", (signal) => ask(null, signal));
  return (
    <>
      <h1>{m.oversight.alerts}</h1>
      <p className="lead">{m.oversight.alertsLead}</p>
      {alerts.state === "loading" && <Loading />}
      {alerts.state === "failed" && <Failure error={alerts.error} onRetry={again} />}
      {alerts.state === "ready" && alerts.value.items.length === 0 && (
        <Empty title={m.oversight.noAlerts}>
          <p>{m.oversight.noAlertsDetail}</p>
        </Empty>
      )}
      {alerts.state === "ready" && alerts.value.items.length > 0 && <Table first={alerts.value} />}
    </>
  );
}

export function AlertState({ alert }: { readonly alert: Alert }): ReactNode {
  return alert.acknowledged === null ? <Status tone="due" word={m.oversight.open} /> : <Status tone="ok" word={m.oversight.settled} />;
}

function Table({ first }: { readonly first: AlertPage }): ReactNode {
  const [alerts, more] = usePages(first, ask);
  return (
    <>
      <div className="scroll" tabIndex={-1}>
        <table>
          <caption className="unseen">{m.oversight.alerts}</caption>
          <thead>
            <tr>
              <th scope="col">{m.oversight.when}</th>
              <th scope="col">{m.oversight.who}</th>
              <th scope="col">{m.oversight.what}</th>
              <th scope="col">{m.oversight.state}</th>
              <th scope="col">{m.oversight.outcome}</th>
            </tr>
          </thead>
          <tbody>
            {alerts.map((alert) => (
              <tr key={alert.id}>
                <td className="time">
                  <Link to={`/alerts/${alert.id}`}>{shownTime(alert.at)}</Link>
                </td>
                <td className="name">
                  <Name text={alert.person.name} />
                </td>
                <td>{m.oversight.lookedAt(alert.recordings)}</td>
                <td>
                  <AlertState alert={alert} />
                </td>
                <td>{alert.acknowledged === null ? m.list.none : <Name text={alert.acknowledged.reason} />}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {more}
    </>
  );
}
