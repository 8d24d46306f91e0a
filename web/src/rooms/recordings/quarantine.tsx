// SPDX-License-Identifier: Apache-2.0
// What somebody outside sent and nobody has accepted yet: what they say of it, and what can be done.
import { useState, type ReactNode } from "react";
import { askJson } from "../../api/client.js";
import type { Recording } from "../../api/schema.js";
import { AskDialog, ReasonField } from "../../app/ask.js";
import { m } from "../../app/messages.js";
import { Name } from "../../ui/parts.js";

export function Quarantine({ recording, mayReview, onAccepted }: { readonly recording: Recording; readonly mayReview: boolean; readonly onAccepted: () => void }): ReactNode {
  const [doing, setDoing] = useState<"accept" | "save">();
  const verdict = recording.media?.verdict ?? undefined;
  const isFootage = verdict === "whole" || verdict === "damaged";
  const close = (): void => setDoing(undefined);
  return (
    <section className="panel" aria-labelledby="quarantine-title">
      <h2 id="quarantine-title">{m.quarantine.title}</h2>
      <p>{m.quarantine.note}</p>
      {verdict === undefined ? <p>{m.quarantine.verdictWaits}</p> : !isFootage && <p>{m.quarantine.stays}</p>}
      {recording.media?.sentence != null && <p>{recording.media.sentence}</p>}
      <Said said={recording.metadata} />
      <div className="row">
        {isFootage && recording.may.includes("accept") && (
          <button type="button" className="primary" onClick={() => setDoing("accept")}>
            {m.quarantine.accept}
          </button>
        )}
        {mayReview && (
          <button type="button" onClick={() => setDoing("save")}>
            {m.quarantine.save}
          </button>
        )}
      </div>
      {doing === "accept" && (
        <AskDialog
          title={m.quarantine.acceptTitle}
          note={m.quarantine.acceptNote}
          submit={m.quarantine.accept}
          ask={(text) => askJson<"POST /api/v1/recordings/{id}/accept">(`/api/v1/recordings/${recording.id}/accept`, { method: "POST", body: { reason: text("reason") } })}
          onClose={close}
          onDone={() => {
            close();
            onAccepted();
          }}
        >
          <ReasonField isFirst />
        </AskDialog>
      )}
      {doing === "save" && (
        <AskDialog
          title={m.quarantine.saveTitle}
          note={m.quarantine.saveNote}
          submit={m.quarantine.save}
          ask={async (text) => {
            const view = await askJson<"POST /api/v1/recordings/{id}/views">(`/api/v1/recordings/${recording.id}/views`, { method: "POST", body: { purpose: "review", despite_quarantine: text("reason") } });
            // The browser's own download: the answer says that it is one.
            location.assign(view.original);
          }}
          onClose={close}
          onDone={close}
        >
          <ReasonField isFirst />
        </AskDialog>
      )}
    </section>
  );
}

/** Verbatim: what the sender wrote of the file, if anything. */
export function Said({ said }: { readonly said: Readonly<Record<string, string>> }): ReactNode {
  const rows = Object.entries(said);
  if (rows.length === 0) return null;
  return (
    <>
      <h3>{m.quarantine.said}</h3>
      <p className="quiet-text">{m.quarantine.saidNote}</p>
      <dl className="facts">
        {rows.map(([key, value]) => (
          <div key={key}>
            <dt>
              <Name text={m.quarantine.keys[key] ?? key} />
            </dt>
            <dd>
              <Name text={key === "sender_role" ? (m.send.roles[value] ?? value) : value} />
            </dd>
          </div>
        ))}
      </dl>
    </>
  );
}
