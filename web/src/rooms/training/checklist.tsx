// SPDX-License-Identifier: Apache-2.0
// What a policy should speak of, and which clauses of the policies in force do.
import type { ReactNode } from "react";
import { Link } from "wouter";
import { askJson } from "../../api/client.js";
import { m } from "../../app/messages.js";
import { Name, Ready, Table, useLoad } from "../../ui/parts.js";

export function Checklist(): ReactNode {
  const [load, again] = useLoad("checklist", (signal) => askJson<"GET /api/v1/training/checklist">("/api/v1/training/checklist", { signal }));
  return (
    <section className="apart" aria-labelledby="checklist-title">
      <h2 id="checklist-title">{m.training.checklist}</h2>
      <p className="lead">{m.training.checklistNote}</p>
      <Ready of={load} again={again}>
        {({ items }) => (
          <details>
            <summary>{m.training.covered(items.filter((item) => item.clauses.length > 0).length, items.length)}</summary>
            <Table caption={m.training.checklistCaption} heads={[m.training.area, m.training.item, m.training.clauses]}>
              {items.map((item, i) => (
                <tr key={item.key}>
                  <td>{item.area === items[i - 1]?.area ? "" : item.area}</td>
                  <td>
                    {item.question}
                    <div className="quiet-text mono">{item.key}</div>
                  </td>
                  <td>
                    {item.clauses.length === 0 && <span className="quiet-text">{m.training.noClause}</span>}
                    {item.clauses.map((clause) => (
                      <div key={`${clause.policy} ${clause.clause}`}>
                        <Link to={`/training/policies/${clause.policy}`}>
                          <Name text={clause.heading} />
                        </Link>
                      </div>
                    ))}
                  </td>
                </tr>
              ))}
            </Table>
          </details>
        )}
      </Ready>
    </section>
  );
}
