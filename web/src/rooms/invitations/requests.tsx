// SPDX-License-Identifier: Apache-2.0
// Who was asked for what, and a link for somebody else.
import { useState, type FormEvent, type ReactNode } from "react";
import { Link } from "wouter";
import { askJson } from "../../api/client.js";
import type { FileRequest, FileRequestMade, Session } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { pageQuery, usePages } from "../../app/pages.js";
import { instantOf, localMinute, shownTime } from "../../ui/format.js";
import { Copy, Dialog, Empty, Failure, Items, Name, Status, Table, useTitle } from "../../ui/parts.js";
import { stateOf, TONES } from "./state.js";

const DAYS = 14;
const FILES = 20;
const GIGABYTES = 20;

export default function RequestsPage({ session }: { readonly session: Session }): ReactNode {
  useTitle(m.requests.title);
  const [requests, again, foot] = usePages("file-requests", (cursor, signal) => askJson<"GET /api/v1/file-requests">(`/api/v1/file-requests?${pageQuery(cursor)}`, { signal }));
  const [isMaking, setMaking] = useState(false);
  return (
    <>
      <div className="row heading">
        <h1>{m.requests.title}</h1>
        {session.may.includes("ask_files") && (
          <button type="button" className="primary" onClick={() => setMaking(true)}>
            {m.requests.make}
          </button>
        )}
      </div>
      <p className="lead">{m.requests.lead}</p>
      <Items of={requests} again={again} none={<Empty title={m.requests.none} detail={m.requests.noneDetail} />}>
        {(items) => (
          <Table caption={m.requests.caption} heads={[m.requests.whom, m.requests.incident, m.requests.made, m.requests.files, m.requests.state]}>
            {items.map((request) => (
              <Row key={request.id} request={request} />
            ))}
          </Table>
        )}
      </Items>
      {foot}
      {isMaking && (
        <MakeDialog
          onClose={() => {
            setMaking(false);
            again();
          }}
        />
      )}
    </>
  );
}

function Row({ request }: { readonly request: FileRequest }): ReactNode {
  const state = stateOf(request, new Date());
  return (
    <tr>
      <th scope="row" className="name">
        <Link to={`/file-requests/${request.id}`}>
          <Name text={request.name} />
        </Link>
      </th>
      <td>
        <Name text={request.incident} />
      </td>
      <td>
        {shownTime(request.made_at)}
        <div className="quiet-text">
          <Name text={m.requests.by(request.made_by)} /> · {m.requests.until(shownTime(request.ends_at))}
        </div>
      </td>
      <td>{m.requests.used(request.files_used, request.files_max)}</td>
      <td>
        <Status tone={TONES[state]} word={m.requests.states[state] ?? state} />
        {request.code_dead && state !== "ended" && state !== "revoked" && <div className="quiet-text">{m.requests.codeDead}</div>}
      </td>
    </tr>
  );
}

function MakeDialog({ onClose }: { readonly onClose: () => void }): ReactNode {
  const [made, setMade] = useState<FileRequestMade>();
  const [error, setError] = useState<unknown>();
  const [isWorking, setWorking] = useState(false);
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const text = (name: string): string => String(fields.get(name) ?? "").trim();
    setError(undefined);
    setWorking(true);
    askJson<"POST /api/v1/file-requests">("/api/v1/file-requests", {
      method: "POST",
      body: {
        name: text("name"),
        contact: text("contact") || undefined,
        incident: text("incident"),
        words: text("words").replace(/\r\n?/g, "\n"),
        ends_at: instantOf(text("ends_at")),
        files_max: Number(text("files_max")),
        bytes_max: Math.round(Number(text("gigabytes")) * 1e9),
        code: fields.get("code") === "on",
      },
    })
      .then(setMade, setError)
      .finally(() => setWorking(false));
  };
  if (made !== undefined) {
    return (
      <Dialog title={m.requests.madeTitle(made.file_request.name)} onClose={onClose}>
        <p>{m.requests.madeNote}</p>
        <LinkAndCode link={made.link} code={made.code} />
        <div className="row end">
          <button type="button" className="primary" onClick={onClose} autoFocus>
            {m.requests.done}
          </button>
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog title={m.requests.dialogTitle} onClose={onClose}>
      <form onSubmit={submit}>
        <p className="quiet-text">{m.requests.dialogNote}</p>
        {error !== undefined && <Failure error={error} />}
        <label>
          {m.requests.name}
          <input name="name" required maxLength={200} autoFocus autoComplete="off" />
        </label>
        <label>
          {m.requests.contact}
          <input name="contact" maxLength={200} autoComplete="off" />
        </label>
        <label>
          {m.requests.incident}
          <input name="incident" required maxLength={200} autoComplete="off" />
        </label>
        <label>
          {m.requests.words}
          <textarea name="words" rows={3} required maxLength={4_000} placeholder={m.requests.wordsHint} />
        </label>
        <label>
          {m.requests.endsAt}
          <input name="ends_at" type="datetime-local" required defaultValue={localMinute(new Date(Date.now() + DAYS * 86_400_000))} />
        </label>
        <label>
          {m.requests.filesMax}
          <input name="files_max" type="number" min={1} max={500} step={1} required defaultValue={FILES} />
        </label>
        <label>
          {m.requests.gigabytes}
          <input name="gigabytes" type="number" min={0.1} max={500} step={0.1} required defaultValue={GIGABYTES} />
        </label>
        <label className="check">
          <input type="checkbox" name="code" />
          <span>
            {m.requests.withCode}
            <span className="quiet-text note">{m.requests.withCodeNote}</span>
          </span>
        </label>
        <div className="row end">
          <button type="button" onClick={onClose}>
            {m.purpose.cancel}
          </button>
          <button type="submit" className="primary" disabled={isWorking}>
            {m.requests.submit}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

export function LinkAndCode({ link, code }: { readonly link?: string; readonly code: string | null }): ReactNode {
  return (
    <dl className="stack">
      {link !== undefined && (
        <div>
          <dt>{m.requests.link}</dt>
          <dd>
            <span className="mono digest" data-request="link">
              {link}
            </span>{" "}
            <Copy text={link} what={m.requests.link} />
          </dd>
        </div>
      )}
      {code !== null && (
        <div>
          <dt>{m.requests.code}</dt>
          <dd>
            <span className="mono code" data-request="code">
              {code}
            </span>
            <p className="quiet-text">{m.requests.codeNote}</p>
          </dd>
        </div>
      )}
    </dl>
  );
}
