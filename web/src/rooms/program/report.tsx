// SPDX-License-Identifier: Apache-2.0
// What a pilot is judged by, what a council, a state and a grantor are handed, and who reads it first.
import { useState, type ReactNode } from "react";
import { askJson } from "../../api/client.js";
import type { ProgramMeasure, ProgramReport, Session } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { Empty, Name, Ready, Table, useLoad, useTitle } from "../../ui/parts.js";
import { Drafts } from "./drafts.js";
import { marked, shownValue } from "./figures.js";
import { Files } from "./files.js";
import { Published } from "./published.js";

export default function ReportPage({ session }: { readonly session: Session }): ReactNode {
  useTitle(m.reports.title);
  const maySee = session.may.includes("see_program");
  const mayReview = session.may.includes("review_report");
  // What was published is read anew.
  const [count, setCount] = useState(0);
  return (
    <>
      <h1>{m.reports.title}</h1>
      <p className="lead">{m.reports.lead}</p>
      {(maySee || mayReview) && <Drafts mayDraft={session.may.includes("state_program")} onPublished={() => setCount(count + 1)} />}
      {(maySee || !mayReview) && <Published key={count} />}
      {maySee && <Reading />}
    </>
  );
}

function Reading(): ReactNode {
  const [day, setDay] = useState("");
  const query = new URLSearchParams({ as_of: day, kinds: "grant" }).toString();
  const [load, again] = useLoad(query, (signal) => askJson<"GET /api/v1/program/report">(`/api/v1/program/report?${query}`, { signal }));
  return (
    <>
      <section className="apart" aria-labelledby="measures-title">
        <h2 id="measures-title">{m.reports.measures}</h2>
        <p className="quiet-text">{m.reports.measuresLead}</p>
        <div className="filters">
          <label>
            {m.program.asOf}
            <input type="date" value={day} onChange={(event) => setDay(event.target.value)} />
          </label>
        </div>
        <Ready of={load} again={again}>
          {(report) => <Measures measures={report.measures} />}
        </Ready>
      </section>
      <Statutes />
      {load.state === "ready" && <Grants report={load.value} />}
    </>
  );
}

function Measures({ measures }: { readonly measures: readonly ProgramMeasure[] }): ReactNode {
  if (measures.length === 0) return <Empty title={m.reports.noMeasures} detail={m.reports.noMeasuresDetail} />;
  return (
    <>
      <Table caption={m.reports.measures} heads={[m.reports.measure, m.reports.value, m.reports.target, m.reports.fixed, m.reports.days]}>
        {measures.map((each) => (
          <tr key={each.measure}>
            <th scope="row">
              <Name text={each.title} />
            </th>
            <td>
              {each.value === null ? m.program.unknown : marked(each.value, each.approximate)}
              {each.missing !== null && <div className="quiet-text">{each.missing}</div>}
            </td>
            <td>{each.target === null ? "" : <Name text={each.target} />}</td>
            <td className="time">
              {each.stated_on}
              {!each.before_start && <div className="quiet-text">{m.reports.late}</div>}
            </td>
            <td className="time">{each.from === null || each.until === null ? "" : m.reports.fromUntil(each.from, each.until)}</td>
          </tr>
        ))}
      </Table>
      {measures.map((each) => (
        <details key={each.measure}>
          <summary>
            <Name text={m.reports.howOf(each.title)} />
          </summary>
          <p>{each.how}</p>
          <dl>
            {each.inputs.map((input) => (
              <div key={input.name}>
                <dt>{input.name}</dt>
                <dd>{input.value ?? m.program.unknown}</dd>
              </div>
            ))}
          </dl>
          {each.groups.length > 0 && (
            <Table
              caption={m.reports.byShift}
              heads={[
                m.reports.shift,
                { label: m.reports.officers, as: "number" },
                { label: m.reports.recordings, as: "number" },
                { label: m.reports.hours, as: "number" },
                { label: m.reports.gigabytes, as: "number" },
              ]}
            >
              {each.groups.map((group) => (
                <tr key={group.name}>
                  <th scope="row">
                    <Name text={group.name} />
                    {group.withheld && <div className="quiet-text">{m.reports.withheld}</div>}
                  </th>
                  {[group.officers, group.recordings, group.hours, group.gigabytes].map((value, place) => (
                    <td key={place} className="number">
                      {value ?? "–"}
                    </td>
                  ))}
                </tr>
              ))}
            </Table>
          )}
        </details>
      ))}
    </>
  );
}

function Statutes(): ReactNode {
  const [load, again] = useLoad("profiles", (signal) => askJson<"GET /api/v1/program/profiles">("/api/v1/program/profiles", { signal }));
  const [year, setYear] = useState("");
  const isYear = /^[0-9]{4}$/.test(year);
  return (
    <section className="apart" aria-labelledby="statutes-title">
      <h2 id="statutes-title">{m.reports.statutes}</h2>
      <p className="quiet-text">{m.reports.statutesLead}</p>
      <Ready of={load} again={again}>
        {(page) =>
          page.items.length === 0 ? (
            <Empty title={m.reports.noProfiles} detail={m.reports.noProfilesDetail} />
          ) : (
            <>
              <div className="filters">
                <label>
                  {m.reports.year}
                  <input inputMode="numeric" pattern="[0-9]{4}" maxLength={4} value={year} onChange={(event) => setYear(event.target.value)} />
                </label>
              </div>
              <Table caption={m.reports.statutes} heads={[m.reports.report, m.reports.statute, m.reports.files]}>
                {page.items.map((profile) => (
                  <tr key={profile.profile}>
                    <th scope="row">
                      <Name text={profile.title} />
                    </th>
                    <td>
                      <Name text={profile.statute} />
                    </td>
                    <td>{isYear ? <Files path={`/api/v1/program/profiles/${profile.profile}/report?year=${year}`} of={`${profile.title}, ${year}`} /> : m.reports.sayYear}</td>
                  </tr>
                ))}
              </Table>
            </>
          )
        }
      </Ready>
    </section>
  );
}

function Grants({ report }: { readonly report: ProgramReport }): ReactNode {
  const grants = report.subjects.filter((subject) => subject.kind === "grant");
  if (grants.length === 0) return null;
  return (
    <section className="apart" aria-labelledby="packs-title">
      <h2 id="packs-title">{m.reports.packs}</h2>
      <p className="quiet-text">{m.reports.packsLead}</p>
      <Table caption={m.reports.packs} heads={[m.program.grant, m.program.recipient, m.reports.files]}>
        {grants.map(({ subject, fields }) => {
          const slug = subject.slice(subject.indexOf("/") + 1);
          return (
            <tr key={subject}>
              <th scope="row">
                <Name text={slug} />
              </th>
              <td>
                <Name text={shownValue(fields.find((each) => each.field === "recipient")?.value)} />
              </td>
              <td>
                <a href={`/api/v1/program/grants/${slug}/pack?as_of=${report.as_of}`} download={`${slug}.zip`}>
                  {m.reports.pack}
                </a>
              </td>
            </tr>
          );
        })}
      </Table>
    </section>
  );
}
