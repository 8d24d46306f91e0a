// SPDX-License-Identifier: Apache-2.0
// Weekly review: the digests, unsigned ones first, and what nobody is assigned to.
import type { ReactNode } from "react";
import { Link } from "wouter";
import { askJson } from "../../api/client.js";
import type { Digest, DigestPage, Session } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { shownDay } from "../../ui/format.js";
import { usePages } from "../../ui/pages.js";
import { Empty, Failure, Loading, Name, Status, useLoad, useTitle } from "../../ui/parts.js";

export default function WeeklyPage({ session }: { readonly session: Session }): ReactNode {
  useTitle(m.oversight.weekly);
  return (
    <>
      <h1>{m.oversight.weekly}</h1>
      <p className="lead">{m.oversight.weeklyLead}</p>
      {session.may.includes("see_digests") && <Digests />}
      <Unattributed />
    </>
  );
}

export function DigestState({ digest }: { readonly digest: Digest }): ReactNode {
  if (digest.signed_at !== null) return <Status tone="ok" word={m.oversight.signed} />;
  return digest.overdue ? <Status tone="bad" word={m.oversight.overdue} /> : <Status tone="due" word={m.oversight.toSign} />;
}

const ask = (cursor: string | null, signal?: AbortSignal): Promise<DigestPage> =>
  askJson<"GET /api/v1/digests">(cursor === null ? "/api/v1/digests" : `/api/v1/digests?${new URLSearchParams({ cursor })}`, signal === undefined ? {} : { signal });

function Digests(): ReactNode {
  const [digests, again] = useLoad("digests", (signal) => ask(null, signal));
  return (
    <section aria-labelledby="digests-title">
      <h2 id="digests-title">{m.oversight.digests}</h2>
      {digests.state === "loading" && <Loading />}
      {digests.state === "failed" && <Failure error={digests.error} onRetry={again} />}
      {digests.state === "ready" && digests.value.items.length === 0 && (
        <Empty title={m.oversight.noDigests}>
          <p>{m.oversight.noDigestsDetail}</p>
        </Empty>
      )}
      {digests.state === "ready" && digests.value.items.length > 0 && <Table first={digests.value} />}
    </section>
  );
}

function Table({ first }: { readonly first: DigestPage }): ReactNode {
  const [digests, more] = usePages(first, ask);
  return (
    <>
      <div className="scroll" tabIndex={-1}>
        <table>
          <caption className="unseen">{m.oversight.digests}</caption>
          <thead>
            <tr>
              <th scope="col">{m.oversight.week}</th>
              <th scope="col">{m.oversight.reader}</th>
              <th scope="col">{m.oversight.state}</th>
              <th scope="col">{m.oversight.note}</th>
            </tr>
          </thead>
          <tbody>
            {digests.map((digest) => (
              <tr key={digest.id}>
                <td className="time">
                  <Link to={`/weekly-review/${digest.id}`}>{m.oversight.weekOf(shownDay(digest.from))}</Link>
                </td>
                <td className="name">
                  <Name text={digest.reader.name} />
                </td>
                <td>
                  <DigestState digest={digest} />
                </td>
                <td>{digest.note === "" ? m.list.none : <Name text={digest.note} />}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {more}
    </>
  );
}

/** By the day that they came in on; each leads to its recordings. */
function Unattributed(): ReactNode {
  const [days, again] = useLoad("unattributed", (signal) => askJson<"GET /api/v1/unattributed">("/api/v1/unattributed", { signal }));
  return (
    <section className="apart" aria-labelledby="unattributed-title">
      <h2 id="unattributed-title">{m.oversight.unattributed}</h2>
      <p className="quiet-text">{m.oversight.unattributedNote}</p>
      {days.state === "loading" && <Loading />}
      {days.state === "failed" && <Failure error={days.error} onRetry={again} />}
      {days.state === "ready" && days.value.items.length === 0 && (
        <Empty title={m.oversight.noUnattributed}>
          <p>{m.oversight.noUnattributedDetail}</p>
        </Empty>
      )}
      {days.state === "ready" && days.value.items.length > 0 && (
        <ul className="plain lines-apart">
          {days.value.items.map(({ day, open }) => (
            <li key={day}>
              <Link to={`/recordings?${dayQuery(day)}`}>{shownDay(day)}</Link> <span className="quiet-text">{m.list.shown(open)}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function dayQuery(day: string): string {
  const next = new Date(new Date(day).getTime() + 86_400_000).toISOString();
  return new URLSearchParams({ unattributed: "true", received_from: day, received_to: next }).toString();
}
