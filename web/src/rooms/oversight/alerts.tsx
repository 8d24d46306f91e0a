// SPDX-License-Identifier: Apache-2.0
// Alerts on unusual reading, of those whom the signed-in person looks after.
import type { ReactNode } from "react";
import { Link } from "wouter";
import { askJson } from "../../api/client.js";
import type { Alert } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { pageQuery, usePages } from "../../app/pages.js";
import { shownTime } from "../../ui/format.js";
import { Empty, Items, Name, Status, Table, useTitle } from "../../ui/parts.js";

export default function AlertsPage(): ReactNode {
  useTitle(m.oversight.alerts);
  const [alerts, again, foot] = usePages("alerts", (cursor, signal) => askJson<"GET /api/v1/alerts">(`/api/v1/alerts?${pageQuery(cursor)}`, { signal }));
  return (
    <>
      <h1>{m.oversight.alerts}</h1>
      <p className="lead">{m.oversight.alertsLead}</p>
      <Items of={alerts} again={again} none={<Empty title={m.oversight.noAlerts} detail={m.oversight.noAlertsDetail} />}>
        {(items) => <Alerts alerts={items} />}
      </Items>
      {foot}
    </>
  );
}

export function AlertState({ alert }: { readonly alert: Alert }): ReactNode {
  return alert.acknowledged === null ? <Status tone="due" word={m.oversight.open} /> : <Status tone="ok" word={m.oversight.settled} />;
}

function Alerts({ alerts }: { readonly alerts: readonly Alert[] }): ReactNode {
  return (
    <Table
      caption={m.oversight.alerts}
      heads={[m.oversight.when, m.oversight.who, m.oversight.what, m.oversight.state, m.oversight.outcome]}
    >
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
    </Table>
  );
}
