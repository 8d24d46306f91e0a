// SPDX-License-Identifier: Apache-2.0
// Who lacks what, for those who send people out or answer for it.
import { useState, type ReactNode } from "react";
import { Link } from "wouter";
import { askJson } from "../../api/client.js";
import type { TrainingCount, TrainingOverview } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { shownDay } from "../../ui/format.js";
import { Empty, Name, Ready, Status, Table, useLoad } from "../../ui/parts.js";

export function Overview(): ReactNode {
  const [day, setDay] = useState("");
  const query = new URLSearchParams(day === "" ? {} : { as_of: day }).toString();
  const [load, again] = useLoad(query, (signal) => askJson<"GET /api/v1/training">(`/api/v1/training?${query}`, { signal }));
  return (
    <section className="apart" aria-labelledby="overview-title">
      <h2 id="overview-title">{m.training.overview}</h2>
      <Ready of={load} again={again}>
        {(overview) => <Shown overview={overview} day={day} onDay={setDay} />}
      </Ready>
    </section>
  );
}

interface ShownProps {
  readonly overview: TrainingOverview;
  readonly day: string;
  readonly onDay: (day: string) => void;
}

function Shown({ overview, day, onDay }: ShownProps): ReactNode {
  const [isNarrow, setNarrow] = useState(false);
  if (!overview.policy.required && !overview.training.required && day === "") return <Empty title={m.training.overviewNone} detail={m.training.overviewNoneDetail} />;
  const rows = overview.people.filter((row) => !isNarrow || row.missing.length > 0);
  return (
    <>
      <div className="row">
        <Count name={m.training.byPolicy} of={overview.policy} />
        <Count name={m.training.byTraining} of={overview.training} />
      </div>
      <div className="filters">
        <label>
          {m.training.asOf}
          <input type="date" value={day} onChange={(event) => onDay(event.target.value)} />
        </label>
        <label className="check wide">
          <input type="checkbox" checked={isNarrow} onChange={(event) => setNarrow(event.target.checked)} />
          {m.training.onlyLacking}
        </label>
      </div>
      <Table caption={m.training.overviewCaption} heads={[m.training.person, m.training.lacks, m.training.ending]}>
        {rows.map((row) => (
          <tr key={row.person.id}>
            <td className="name">
              <Link to={`/training/people/${row.person.id}`}>
                <Name text={row.person.name} />
              </Link>
            </td>
            <td>
              {row.missing.length === 0 ? (
                <Status tone="ok" word={m.training.nothing} />
              ) : (
                <ul className="plain">
                  {row.missing.map((sentence) => (
                    <li key={sentence}>
                      <Name text={sentence} />
                    </li>
                  ))}
                </ul>
              )}
            </td>
            <td>
              {row.ending.map((each) => (
                <div key={each.course}>
                  <Name text={m.training.endingOn(each.course, shownDay(each.on))} />
                </div>
              ))}
            </td>
          </tr>
        ))}
      </Table>
    </>
  );
}

function Count({ name, of }: { readonly name: string; readonly of: TrainingCount }): ReactNode {
  return (
    <p>
      {name}{" "}
      {of.required ? <Status tone={of.ready === of.concerned ? "ok" : "due"} word={m.training.ready(of.ready, of.concerned)} /> : <span className="quiet-text">{m.training.notAsked}</span>}
    </p>
  );
}
