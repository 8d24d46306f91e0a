// SPDX-License-Identifier: Apache-2.0
// The list as somebody else is shown it: rows and rights, no still and no byte, and no row that the asker has no right to.
import type { ReactNode } from "react";
import { Link } from "wouter";
import { askJson } from "../../api/client.js";
import type { SeenRecording, SeenRight, ViewAsPage as Page } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { pageQuery, usePages } from "../../app/pages.js";
import { shownTime } from "../../ui/format.js";
import { Name, Notice, Ready, Status, Table, toneOfState, useTitle } from "../../ui/parts.js";

export default function ViewAsPage({ id }: { readonly id: string }): ReactNode {
  const [load, again, foot] = usePages(id, (cursor, signal) =>
    askJson<"GET /api/v1/people/{id}/recordings">(`/api/v1/people/${encodeURIComponent(id)}/recordings?${pageQuery(cursor)}`, { signal }),
  );
  const title = load.state === "ready" ? m.oversight.viewAsTitle(load.value.person.name) : m.oversight.viewAs;
  useTitle(title);
  return (
    <>
      <nav className="crumbs" aria-label={m.people.person}>
        <Link to={`/people/${id}`}>← {m.people.person}</Link>
      </nav>
      <h1>
        <Name text={title} />
      </h1>
      <Notice tone="info">
        <p>{m.oversight.viewAsNote}</p>
      </Notice>
      <Ready of={load} again={again}>
        {(value) => <Rows page={value} />}
      </Ready>
      {foot}
    </>
  );
}

function Rows({ page }: { readonly page: Page }): ReactNode {
  return (
    <>
      <p role="status">{m.oversight.seen(page.total, page.items.length, page.hidden)}</p>
      {page.items.length > 0 && (
        <Table caption={m.oversight.viewAs} heads={[m.oversight.when, m.list.file, m.list.incident, m.list.state, m.oversight.may]}>
          {page.items.map((item) => (
            <Row key={item.id} item={item} />
          ))}
        </Table>
      )}
    </>
  );
}

/** "Watch for: review; Export": what is allowed, each action once. */
function allowed(rights: readonly SeenRight[]): string {
  const purposes = new Map<string, string[]>();
  for (const right of rights) {
    if (right.answer !== "allow") continue;
    const names = purposes.get(right.action) ?? [];
    if (right.purpose !== null) names.push(m.purpose.names[right.purpose] ?? right.purpose);
    purposes.set(right.action, names);
  }
  return [...purposes].map(([action, names]) => [m.people.actions[action] ?? action, names.length === 0 ? [] : m.people.forPurposes(names)].flat().join(" ")).join("; ");
}

function Row({ item }: { readonly item: SeenRecording }): ReactNode {
  return (
    <tr>
      <td className="time">{shownTime(item.recorded_at ?? item.received_at)}</td>
      <td className="name">
        <Link to={`/recordings/${item.id}`}>
          <Name text={item.filename === "" ? item.id : item.filename} />
        </Link>
      </td>
      <td>{item.incident === null ? m.list.none : <Name text={item.incident} />}</td>
      <td>
        <Status tone={toneOfState(item.state)} word={m.recordingState[item.state] ?? item.state} />
      </td>
      <td>{allowed(item.rights)}</td>
    </tr>
  );
}
