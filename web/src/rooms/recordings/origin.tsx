// SPDX-License-Identifier: Apache-2.0
// Which other evidence system a recording came from, and whether it is what that system's inventory says.
import { useState, type ReactNode } from "react";
import { Link } from "wouter";
import { askJson } from "../../api/client.js";
import type { Origin, Recording } from "../../api/schema.js";
import { AskDialog, ReasonField } from "../../app/ask.js";
import { m } from "../../app/messages.js";
import { signedIn } from "../../app/session.js";
import { Name, Notice, Ready, useLoad } from "../../ui/parts.js";
import { FactRows } from "./fact_rows.js";

/** Of a recording that says by which import it came; others are not asked about. */
export function FromElsewhere({ recording, onChanged }: { readonly recording: Recording; readonly onChanged: () => void }): ReactNode {
  return recording.metadata["import"] === undefined ? null : <Asked id={recording.id} onChanged={onChanged} />;
}

function Asked({ id, onChanged }: { readonly id: string; readonly onChanged: () => void }): ReactNode {
  const [load, again] = useLoad(id, (signal) => askJson<"GET /api/v1/recordings/{id}/origin">(`/api/v1/recordings/${id}/origin`, { signal }));
  return (
    <Ready of={load} again={again}>
      {({ origin }) => origin !== null && <Shown id={id} origin={origin} onDone={onChanged} />}
    </Ready>
  );
}

function Shown({ id, origin, onDone }: { readonly id: string; readonly origin: Origin; readonly onDone: () => void }): ReactNode {
  const [isAsking, setAsking] = useState(false);
  const who = signedIn();
  const may = who.state === "in" ? who.session.may : [];
  const differs = origin.agrees === "no";
  const title = m.origin.from(origin.system, origin.title);
  return (
    <section className="panel facts" aria-labelledby="origin-title">
      <h2 id="origin-title">{m.origin.title}</h2>
      <p>{may.includes("see_imports") ? <Link to={`/imports/${origin.import}`}><Name text={title} /></Link> : <Name text={title} />}</p>
      {differs && origin.settled_at === null && (
        <Notice tone="bad" title={m.origin.differsTitle}>
          <p>{m.origin.differsDetail}</p>
          {may.includes("import") && (
            <button type="button" onClick={() => setAsking(true)}>
              {m.origin.settle}
            </button>
          )}
        </Notice>
      )}
      {differs && origin.reason !== null && (
        <Notice tone="due">
          <Name text={m.origin.settled(origin.reason)} />
        </Notice>
      )}
      <FactRows
        rows={[
          [m.origin.path, <Name key="path" text={origin.path} />],
          ...(origin.row === null ? [] : [[m.imports.row, <Name key="row" text={origin.row} />] as const]),
          ...(origin.vendor_id === null ? [] : [[m.origin.id, <Name key="id" text={origin.vendor_id} />] as const]),
          ...(origin.row === null ? [] : [[m.origin.hash, m.imports.agrees[origin.agrees] ?? origin.agrees] as const]),
        ]}
      />
      {isAsking && (
        <AskDialog
          title={m.origin.settleTitle}
          note={m.origin.settleNote}
          submit={m.origin.settle}
          ask={(text) => askJson<"POST /api/v1/recordings/{id}/origin/settle">(`/api/v1/recordings/${id}/origin/settle`, { method: "POST", body: { reason: text("reason") } })}
          onClose={() => setAsking(false)}
          onDone={() => {
            setAsking(false);
            onDone();
          }}
        >
          <ReasonField isFirst />
        </AskDialog>
      )}
    </section>
  );
}
