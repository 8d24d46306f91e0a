// SPDX-License-Identifier: Apache-2.0
// One file request: what was asked, what came, and how to end it.
import { useState, type ReactNode } from "react";
import { Link } from "wouter";
import { askJson } from "../../api/client.js";
import type { FileRequestShown, Session } from "../../api/schema.js";
import { AskDialog, ReasonField } from "../../app/ask.js";
import { m } from "../../app/messages.js";
import { shownBytes, shownTime } from "../../ui/format.js";
import { Dialog, Failure, Name, Notice, Ready, Status, Table, toneOfState, useLoad, useTitle } from "../../ui/parts.js";
import { LinkAndCode } from "./requests.js";
import { stateOf, TONES } from "./state.js";

export default function RequestPage({ id, session }: { readonly id: string; readonly session: Session }): ReactNode {
  const [load, again] = useLoad(id, (signal) => askJson<"GET /api/v1/file-requests/{id}">(`/api/v1/file-requests/${encodeURIComponent(id)}`, { signal }));
  useTitle(load.state === "ready" ? load.value.name : m.requests.title);
  return (
    <>
      <nav className="crumbs" aria-label={m.requests.back}>
        <Link to="/file-requests">← {m.requests.back}</Link>
      </nav>
      {load.state !== "ready" && <h1 className="unseen">{m.requests.title}</h1>}
      <Ready of={load} again={again}>
        {(request) => <Shown request={request} mayManage={session.may.includes("ask_files") || session.roles.includes("command")} onChanged={again} />}
      </Ready>
    </>
  );
}

function Shown({ request, mayManage, onChanged }: { readonly request: FileRequestShown; readonly mayManage: boolean; readonly onChanged: () => void }): ReactNode {
  const [doing, setDoing] = useState<"take-back" | "code">();
  const state = stateOf(request, new Date());
  const stands = state === "waiting" || state === "opened";
  const close = (): void => setDoing(undefined);
  const done = (): void => {
    close();
    onChanged();
  };
  return (
    <>
      <div className="row heading">
        <h1>
          <Name text={request.name} />
        </h1>
        <Status tone={TONES[state]} word={m.requests.states[state] ?? state} />
        {mayManage && stands && (
          <>
            {request.wants_code && (
              <button type="button" onClick={() => setDoing("code")}>
                {m.requests.newCode}
              </button>
            )}
            <button type="button" onClick={() => setDoing("take-back")}>
              {m.requests.takeBack}
            </button>
          </>
        )}
      </div>
      {request.revoked_at !== null && (
        <Notice tone="bad">
          <p>
            <Name text={m.requests.takenBack(shownTime(request.revoked_at), request.revoke_reason ?? "")} />
          </p>
        </Notice>
      )}
      {stands && request.code_dead && <Notice tone="due" title={m.requests.codeDead} />}
      <section className="panel" aria-labelledby="asked-title">
        <h2 id="asked-title">{m.requests.asked}</h2>
        {request.words.split("\n").map((line, i) => (
          <p key={i}>
            <Name text={line} />
          </p>
        ))}
        <p className="quiet-text">
          <Name text={request.incident} /> · {shownTime(request.made_at)} <Name text={m.requests.by(request.made_by)} /> · {m.requests.until(shownTime(request.ends_at))}
        </p>
        {request.contact !== null && (
          <p>
            <Name text={request.contact} />
          </p>
        )}
        <p className="quiet-text">{request.opened_at === null ? m.requests.notOpened : m.requests.openedAt(shownTime(request.opened_at))}</p>
      </section>
      <section aria-labelledby="arrived-title">
        <h2 id="arrived-title">{m.requests.arrived}</h2>
        {request.files.length === 0 ? (
          <p>{m.requests.nothingYet}</p>
        ) : (
          <Table caption={m.requests.arrived} heads={[m.requests.file, m.requests.size, m.requests.what, m.requests.state]}>
            {request.files.map((file) => (
              <tr key={file.recording}>
                <th scope="row" className="name">
                  <Link to={`/recordings/${file.recording}`}>
                    <Name text={file.filename || file.recording} />
                  </Link>
                  <div className="quiet-text plain-weight">{shownTime(file.received_at)}</div>
                </th>
                <td>{shownBytes(file.bytes)}</td>
                <td>{file.sentence ?? m.requests.verdictWaits}</td>
                <td>
                  <Status tone={toneOfState(file.state)} word={m.recordingState[file.state] ?? file.state} />
                </td>
              </tr>
            ))}
          </Table>
        )}
      </section>
      {request.under_way.length > 0 && (
        <section aria-labelledby="way-title">
          <h2 id="way-title">{m.requests.underWay}</h2>
          <ul className="plain">
            {request.under_way.map((upload) => (
              <li key={upload.upload}>
                <Name text={upload.filename || upload.upload} /> <span className="quiet-text">{upload.reason ?? m.requests.received(shownBytes(upload.offset), shownBytes(upload.bytes))}</span>
              </li>
            ))}
          </ul>
        </section>
      )}
      {doing === "take-back" && (
        <AskDialog
          title={m.requests.takeBackTitle(request.name)}
          note={m.requests.takeBackNote}
          submit={m.requests.takeBack}
          ask={(text) => askJson<"POST /api/v1/file-requests/{id}/revoke">(`/api/v1/file-requests/${request.id}/revoke`, { method: "POST", body: { reason: text("reason") } })}
          onClose={close}
          onDone={done}
        >
          <ReasonField isFirst />
        </AskDialog>
      )}
      {doing === "code" && <CodeDialog request={request} onClose={done} />}
    </>
  );
}

function CodeDialog({ request, onClose }: { readonly request: FileRequestShown; readonly onClose: () => void }): ReactNode {
  const [code, setCode] = useState<string>();
  const [error, setError] = useState<unknown>();
  const [isWorking, setWorking] = useState(false);
  const ask = (): void => {
    setWorking(true);
    setError(undefined);
    askJson<"POST /api/v1/file-requests/{id}/codes">(`/api/v1/file-requests/${request.id}/codes`, { method: "POST" })
      .then((given) => setCode(given.code), setError)
      .finally(() => setWorking(false));
  };
  return (
    <Dialog title={m.requests.newCodeTitle(request.name)} onClose={onClose}>
      {error !== undefined && <Failure error={error} />}
      {code === undefined ? <p>{m.requests.newCodeNote}</p> : <LinkAndCode code={code} />}
      <div className="row end">
        <button type="button" onClick={onClose}>
          {code === undefined ? m.purpose.cancel : m.requests.done}
        </button>
        {code === undefined && (
          <button type="button" className="primary" onClick={ask} disabled={isWorking} autoFocus>
            {m.requests.newCode}
          </button>
        )}
      </div>
    </Dialog>
  );
}
