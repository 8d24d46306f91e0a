// SPDX-License-Identifier: Apache-2.0
// Weekly review: the digests, unsigned ones first, and what nobody is assigned to.
import type { ReactNode } from "react";
import { Link } from "wouter";
import { askJson } from "../../api/client.js";
import type { Digest, Session } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { pageQuery, usePages } from "../../app/pages.js";
import { shownDay } from "../../ui/format.js";
import { Empty, Items, Name, Status, Table, useLoad, useTitle } from "../../ui/parts.js";

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

function Digests(): ReactNode {
  const [digests, again, foot] = usePages("digests", (cursor, signal) => askJson<"GET /api/v1/digests">(`/api/v1/digests?${pageQuery(cursor)}`, { signal }));
  return (
    <section aria-labelledby="digests-title">
      <h2 id="digests-title">{m.oversight.digests}</h2>
      <Items of={digests} again={again} none={<Empty title={m.oversight.noDigests} detail={m.oversight.noDigestsDetail} />}>
        {(items) => (
          <Table caption={m.oversight.digests} heads={[m.oversight.week, m.oversight.reader, m.oversight.state, m.oversight.note]}>
            {items.map((digest) => (
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
          </Table>
        )}
      </Items>
      {foot}
    </section>
  );
}

/** By the day that they came in on; each leads to its recordings. */
function Unattributed(): ReactNode {
  const [days, again] = useLoad("unattributed", (signal) => askJson<"GET /api/v1/unattributed">("/api/v1/unattributed", { signal }));
  return (
    <section className="apart" aria-labelledby="unattributed-title">
      <h2 id="unattributed-title">{m.oversight.unattributed}</h2>
      <p className="quiet-text">{m.oversight.unattributedNote}</p>
      <Items of={days} again={again} none={<Empty title={m.oversight.noUnattributed} detail={m.oversight.noUnattributedDetail} />}>
        {(items) => (
          <ul className="plain lines-apart">
            {items.map(({ day, open }) => (
              <li key={day}>
                <Link to={`/recordings?${dayQuery(day)}`}>{shownDay(day)}</Link> <span className="quiet-text">{m.list.shown(open)}</span>
              </li>
            ))}
          </ul>
        )}
      </Items>
    </section>
  );
}

function dayQuery(day: string): string {
  const next = new Date(new Date(day).getTime() + 86_400_000).toISOString();
  return new URLSearchParams({ unattributed: "true", received_from: day, received_to: next }).toString();
}
