// SPDX-License-Identifier: Apache-2.0
// Whose signatures in footage the agency believes: keys, each of one camera, and roots of certificates.
import { useState, type ReactNode } from "react";
import { askJson } from "../../api/client.js";
import type { CameraKey, Session } from "../../api/schema.js";
import { AskDialog, type DoneProps } from "../../app/ask.js";
import { m } from "../../app/messages.js";
import { grouped, shownTime } from "../../ui/format.js";
import { Empty, Items, Name, Status, Table, useLoad } from "../../ui/parts.js";

type Asked = "key" | "root" | CameraKey;

export function SigningKeys({ session }: { readonly session: Session }): ReactNode {
  const [load, again] = useLoad("camera-keys", (signal) => askJson<"GET /api/v1/camera-keys">("/api/v1/camera-keys", { signal }));
  const [asked, setAsked] = useState<Asked>();
  const mayManage = session.may.includes("manage_fleet");
  const close = (): void => setAsked(undefined);
  const done = (): void => {
    close();
    again();
  };
  return (
    <section className="apart" aria-labelledby="signing-keys-title">
      <div className="row heading">
        <h2 id="signing-keys-title">{m.signingKeys.title}</h2>
        {mayManage && (
          <>
            <button type="button" onClick={() => setAsked("key")}>
              {m.signingKeys.addKey}
            </button>
            <button type="button" className="quiet" onClick={() => setAsked("root")}>
              {m.signingKeys.addRoot}
            </button>
          </>
        )}
      </div>
      <p className="quiet-text">{m.signingKeys.lead}</p>
      <Items of={load} again={again} none={<Empty title={m.signingKeys.none} detail={m.signingKeys.noneDetail} />}>
        {(keys) => (
          <Table caption={m.signingKeys.caption} heads={[m.signingKeys.whose, m.signingKeys.fingerprint, m.signingKeys.state, ...(mayManage ? [m.signingKeys.acts] : [])]}>
            {keys.map((key) => (
              <tr key={`${key.sha256} ${key.since}`}>
                <td className="name">{key.serial === null ? m.signingKeys.root : <Name text={key.serial} />}</td>
                <td className="mono digest">{grouped(key.sha256)}</td>
                <td>
                  <Status tone={key.revoked_at === null ? "ok" : "bad"} word={key.revoked_at === null ? m.signingKeys.trusted : m.signingKeys.revoked} />
                  <div className="quiet-text">{key.revoked_at === null ? m.signingKeys.since(shownTime(key.since)) : shownTime(key.revoked_at)}</div>
                </td>
                {mayManage && (
                  <td>
                    {key.revoked_at === null && (
                      <button type="button" className="quiet small" onClick={() => setAsked(key)}>
                        {m.signingKeys.revoke}
                      </button>
                    )}
                  </td>
                )}
              </tr>
            ))}
          </Table>
        )}
      </Items>
      {(asked === "key" || asked === "root") && <Trust kind={asked} onClose={close} onDone={done} />}
      {typeof asked === "object" && <Revocation of={asked} onClose={close} onDone={done} />}
    </section>
  );
}

function Trust({ kind, onClose, onDone }: DoneProps & { readonly kind: "key" | "root" }): ReactNode {
  const isKey = kind === "key";
  const ask = (text: (name: string) => string): Promise<CameraKey> =>
    askJson<"POST /api/v1/camera-keys">("/api/v1/camera-keys", { method: "POST", body: isKey ? { serial: text("serial"), key: text("pem") } : { root: text("pem") } });
  return (
    <AskDialog
      title={isKey ? m.signingKeys.addKeyTitle : m.signingKeys.addRootTitle}
      note={isKey ? m.signingKeys.addKeyNote : m.signingKeys.addRootNote}
      submit={m.signingKeys.trust}
      ask={ask}
      onClose={onClose}
      onDone={onDone}
    >
      {isKey && (
        <>
          <label>
            {m.signingKeys.serial}
            <input name="serial" required maxLength={200} autoFocus autoCapitalize="none" spellCheck={false} aria-describedby="serial-note" />
          </label>
          <p id="serial-note" className="quiet-text">
            {m.signingKeys.serialNote}
          </p>
        </>
      )}
      <label>
        {isKey ? m.signingKeys.key : m.signingKeys.rootField}
        <textarea name="pem" rows={5} className="mono" required spellCheck={false} autoFocus={!isKey} aria-describedby="pem-note" />
      </label>
      <p id="pem-note" className="quiet-text">
        {isKey ? m.signingKeys.keyNote : m.signingKeys.rootFieldNote}
      </p>
    </AskDialog>
  );
}

function Revocation({ of, onClose, onDone }: DoneProps & { readonly of: CameraKey }): ReactNode {
  return (
    <AskDialog
      title={of.serial === null ? m.signingKeys.revokeRootTitle : m.signingKeys.revokeTitle(of.serial)}
      note={m.signingKeys.revokeNote}
      submit={m.signingKeys.revoke}
      ask={(text) => askJson<"POST /api/v1/camera-keys/{id}/revoke">(`/api/v1/camera-keys/${of.sha256}/revoke`, { method: "POST", body: { reason: text("reason") } })}
      onClose={onClose}
      onDone={onDone}
    >
      <label>
        {m.signingKeys.reason}
        <input name="reason" required maxLength={200} autoFocus />
      </label>
    </AskDialog>
  );
}
