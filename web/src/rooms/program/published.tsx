// SPDX-License-Identifier: Apache-2.0
// What was published: as it was given out, and, where something in it stands no more, with the mark.
import type { ReactNode } from "react";
import { askJson } from "../../api/client.js";
import { m } from "../../app/messages.js";
import { shownTime } from "../../ui/format.js";
import { Empty, Items, Name, Status, Table, useLoad } from "../../ui/parts.js";
import { Files } from "./files.js";

export function Published(): ReactNode {
  const [load, again] = useLoad("publications", (signal) => askJson<"GET /api/v1/program/publications">("/api/v1/program/publications", { signal }));
  return (
    <section className="apart" aria-labelledby="published-title">
      <h2 id="published-title">{m.reports.published}</h2>
      <Items of={load} again={again} none={<Empty title={m.reports.noPublished} detail={m.reports.noPublishedDetail} />}>
        {(items) => (
          <Table caption={m.reports.published} heads={[m.reports.report, m.program.asOf, m.reports.standing, m.reports.files]}>
            {items.map((each) => (
              <tr key={each.id}>
                <td className="name">
                  <Name text={each.title} />
                  <div className="quiet-text">
                    <Name text={m.reports.publishedBy(each.published_by.name, shownTime(each.published_at))} />
                  </div>
                </td>
                <td className="time">{each.as_of}</td>
                <td>
                  <Status tone={each.is_superseded ? "due" : "ok"} word={each.is_superseded ? m.reports.superseded : m.reports.stands} />
                  {each.superseded.map((one) => (
                    <div key={one.statement} className="quiet-text">
                      <Name text={m.reports.supersededBy(m.program.fieldOf(one.subject, one.field), m.program.statuses[one.status] ?? one.status)} />
                    </div>
                  ))}
                </td>
                <td>
                  {each.papers.pdf !== null && <Files path={`/api/v1/program/publications/${each.id}`} of={each.title} />}
                  {each.is_superseded && (
                    <div>
                      {m.reports.withMark} <Files path={`/api/v1/program/publications/${each.id}?marked=superseded`} of={m.reports.markedOf(each.title)} />
                    </div>
                  )}
                </td>
              </tr>
            ))}
          </Table>
        )}
      </Items>
    </section>
  );
}
