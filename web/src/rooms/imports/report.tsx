// SPDX-License-Identifier: Apache-2.0
// What an inventory left to be said, kind by kind, and what became of each file.
import { useState, type ReactNode } from "react";
import { Link } from "wouter";
import { askJson } from "../../api/client.js";
import type { Import, ImportFinding, ImportLine } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { pageQuery, usePages } from "../../app/pages.js";
import { Empty, Items, Name, Status, Table, type Tone } from "../../ui/parts.js";

export function Findings({ of }: { readonly of: Import }): ReactNode {
  const kinds = Object.entries(of.findings);
  return (
    <section aria-labelledby="findings-title" className="findings">
      <h2 id="findings-title">{m.imports.findingsTitle}</h2>
      {kinds.length === 0 && <p className="quiet-text">{m.imports.findingsNone}</p>}
      {kinds.map(([kind, times]) => (
        <Kind key={kind} id={of.id} kind={kind} times={times} />
      ))}
    </section>
  );
}

/** Asked for when somebody wants to know. */
function Kind({ id, kind, times }: { readonly id: string; readonly kind: string; readonly times: number }): ReactNode {
  const [isOpen, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        {m.imports.kinds[kind] ?? kind} <span className="quiet-text">{times.toLocaleString("en-US")}</span>
      </summary>
      {isOpen && <KindList id={id} kind={kind} />}
    </details>
  );
}

function KindList({ id, kind }: { readonly id: string; readonly kind: string }): ReactNode {
  const [load, again, foot] = usePages<ImportFinding, object>(`${id} ${kind}`, (cursor, signal) =>
    askJson<"GET /api/v1/imports/{id}/findings">(`/api/v1/imports/${id}/findings?${pageQuery(cursor, { kind })}`, { signal }),
  );
  return (
    <Items of={load} again={again} none={null}>
      {(items) => (
        <>
          <p className="quiet-text">{items[0]?.remedy}</p>
          <ul>
            {items.map((each, i) => (
              <li key={i}>
                <Name text={each.sentence} />{" "}
                <span className="quiet-text">
                  <Name text={[each.place, each.column].filter((part) => part !== null).join(", ")} />
                </span>
              </li>
            ))}
          </ul>
          {foot}
        </>
      )}
    </Items>
  );
}

const TONES: Readonly<Record<ImportLine["status"], Tone>> = {
  arrived: "ok",
  differs: "bad",
  missing: "bad",
  extra: "due",
  document: "plain",
  refused: "bad",
  unsent: "info",
  sealing: "info",
};

export function Lines({ id }: { readonly id: string }): ReactNode {
  const [status, setStatus] = useState("");
  const [load, again, foot] = usePages<ImportLine, object>(`${id} ${status}`, (cursor, signal) =>
    askJson<"GET /api/v1/imports/{id}/lines">(`/api/v1/imports/${id}/lines?${pageQuery(cursor, status === "" ? {} : { status })}`, { signal }),
  );
  return (
    <section aria-labelledby="lines-title">
      <h2 id="lines-title">{m.imports.linesTitle}</h2>
      <div className="filters">
        <label>
          {m.imports.which}
          <select value={status} onChange={(event) => setStatus(event.target.value)}>
            <option value="">{m.imports.every}</option>
            {Object.entries(m.imports.statuses).map(([value, word]) => (
              <option key={value} value={value}>
                {word}
              </option>
            ))}
          </select>
        </label>
      </div>
      <Items of={load} again={again} none={<Empty title={m.imports.linesNone} detail={m.imports.linesNoneDetail} />}>
        {(lines) => (
          <Table caption={m.imports.linesCaption} heads={[m.imports.file, m.imports.state, m.imports.row, m.imports.hash, m.imports.what]}>
            {lines.map((line, i) => (
              <Line key={i} line={line} />
            ))}
          </Table>
        )}
      </Items>
      {foot}
    </section>
  );
}

function Line({ line }: { readonly line: ImportLine }): ReactNode {
  const said = [line.sentence, line.hold === null ? null : m.imports.held(line.hold), line.settled ? m.imports.settledNote : null].filter((part) => part !== null);
  return (
    <tr>
      <td className="name">{line.recording === null ? <Name text={line.path} /> : <Link to={`/recordings/${line.recording}`}><Name text={line.path} /></Link>}</td>
      <td>
        <Status tone={TONES[line.status]} word={m.imports.statuses[line.status] ?? line.status} />
      </td>
      <td>{line.row !== null && <Name text={line.row} />}</td>
      <td>{line.agrees !== null && line.row !== null && m.imports.agrees[line.agrees]}</td>
      <td>
        <Name text={said.join(". ")} />
      </td>
    </tr>
  );
}
