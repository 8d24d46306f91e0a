// SPDX-License-Identifier: Apache-2.0
// What was sent to whom, what became of it, and how to take it back.
import { useState, type ReactNode } from "react";
import { Link } from "wouter";
import { askJson } from "../../api/client.js";
import type { Session, Share, ShareCode } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { pageQuery, usePages } from "../../app/pages.js";
import { shownTime } from "../../ui/format.js";
import { Dialog, Empty, Failure, Items, Name, Status, Table, useTitle } from "../../ui/parts.js";
import { AskDialog, ReasonField } from "../../app/ask.js";
import { LinkAndCode } from "./share.js";
import { stateOf, TONES } from "./state.js";

/** What somebody is about to do to a share. */
type Doing = { readonly what: "take-back" | "code"; readonly share: Share };

export default function SharesPage({ session }: { readonly session: Session }): ReactNode {
  useTitle(m.shares.title);
  const [shares, again, foot] = usePages("shares", (cursor, signal) => askJson<"GET /api/v1/shares">(`/api/v1/shares?${pageQuery(cursor)}`, { signal }));
  const [doing, setDoing] = useState<Doing>();
  const done = (): void => {
    setDoing(undefined);
    again();
  };
  return (
    <>
      <h1>{m.shares.title}</h1>
      <p className="lead">{m.shares.lead}</p>
      <Items of={shares} again={again} none={<Empty title={m.shares.none} detail={m.shares.noneDetail} />}>
        {(items) => (
          <Table
            caption={m.shares.caption}
            heads={[
              m.shares.recipient,
              m.shares.what,
              m.shares.how,
              m.shares.sent,
              m.shares.state,
              { label: m.shares.actions, as: "unseen" },
            ]}
          >
            {items.map((share) => (
              <Row key={share.id} share={share} mayManage={session.may.includes("share") || session.roles.includes("command")} onDo={(what) => setDoing({ what, share })} />
            ))}
          </Table>
        )}
      </Items>
      {foot}
      {doing?.what === "take-back" && (
        <AskDialog
          title={m.shares.takeBackTitle(doing.share.recipient)}
          note={m.shares.takeBackNote}
          submit={m.shares.takeBack}
          ask={(text) => askJson<"POST /api/v1/shares/{id}/revoke">(`/api/v1/shares/${doing.share.id}/revoke`, { method: "POST", body: { reason: text("reason") } })}
          onClose={() => setDoing(undefined)}
          onDone={done}
        >
          <ReasonField isFirst />
        </AskDialog>
      )}
      {doing?.what === "code" && <CodeDialog share={doing.share} onClose={done} />}
    </>
  );
}

function Row({ share, mayManage, onDo }: { readonly share: Share; readonly mayManage: boolean; readonly onDo: (what: Doing["what"]) => void }): ReactNode {
  const state = stateOf(share, new Date());
  const isOver = state === "ended" || state === "revoked" || state === "failed";
  return (
    <tr>
      <th scope="row">
        <Name text={share.recipient} />
        {share.organization !== null && (
          <div className="quiet-text plain-weight">
            <Name text={share.organization} />
          </div>
        )}
      </th>
      <td className="name">
        <ul className="plain">
          {share.items.map((item, n) => (
            <li key={n}>
              {item.recording === null ? (
                <span className="quiet-text">{m.shares.hidden}</span>
              ) : (
                <Link to={`/recordings/${item.recording}`}>
                  <Name text={item.filename || item.recording} />
                </Link>
              )}
            </li>
          ))}
        </ul>
        <div className="quiet-text">
          <Name text={m.shares.forCase(m.purpose.names[share.purpose] ?? share.purpose, share.case)} />
        </div>
      </td>
      <td>
        {m.shares.kinds[share.kind] ?? share.kind}
        <div className="quiet-text">{share.ends_at === null ? m.shares.noEnd : m.shares.until(shownTime(share.ends_at))}</div>
      </td>
      <td>
        {shownTime(share.made_at)}
        <div className="quiet-text">
          <Name text={m.shares.by(share.made_by)} />
        </div>
      </td>
      <td>
        <Status tone={TONES[state]} word={m.shares.states[state] ?? state} />
        {share.reason !== null && (
          <div className="quiet-text">
            <Name text={share.reason} />
          </div>
        )}
        {share.code_failed_at !== null && <div className="quiet-text">{m.shares.codeFailed(shownTime(share.code_failed_at))}</div>}
        {share.views_used !== null && share.opened_at !== null && <div className="quiet-text">{m.shares.views(share.views_used, share.views_max)}</div>}
      </td>
      <td>
        {mayManage && !isOver && (
          <div className="row end one-line">
            <button type="button" onClick={() => onDo("code")}>
              {m.shares.newCode}
            </button>
            <button type="button" onClick={() => onDo("take-back")}>
              {m.shares.takeBack}
            </button>
          </div>
        )}
      </td>
    </tr>
  );
}

function CodeDialog({ share, onClose }: { readonly share: Share; readonly onClose: () => void }): ReactNode {
  const [code, setCode] = useState<ShareCode>();
  const [error, setError] = useState<unknown>();
  const [isWorking, setWorking] = useState(false);
  const ask = (): void => {
    setWorking(true);
    setError(undefined);
    askJson<"POST /api/v1/shares/{id}/codes">(`/api/v1/shares/${share.id}/codes`, { method: "POST" })
      .then(setCode)
      .catch(setError)
      .finally(() => setWorking(false));
  };
  return (
    <Dialog title={m.shares.newCodeTitle(share.recipient)} onClose={onClose}>
      {error !== undefined && <Failure error={error} />}
      {code === undefined ? <p>{m.shares.newCodeNote}</p> : <LinkAndCode name={share.recipient} code={code} />}
      <div className="row end">
        <button type="button" onClick={onClose}>
          {code === undefined ? m.purpose.cancel : m.shares.done}
        </button>
        {code === undefined && (
          <button type="button" className="primary" onClick={ask} disabled={isWorking} autoFocus>
            {m.shares.newCode}
          </button>
        )}
      </div>
    </Dialog>
  );
}
