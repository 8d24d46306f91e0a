// SPDX-License-Identifier: Apache-2.0
// Legal holds: what stands, what it covers, and how its end is proposed.
import { useState, type ReactNode } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { askJson } from "../../api/client.js";
import type { Hold, Session } from "../../api/schema.js";
import { AskDialog, ReasonField, type DoneProps } from "../../app/ask.js";
import { m } from "../../app/messages.js";
import { pageQuery, usePages } from "../../app/pages.js";
import { shownTime } from "../../ui/format.js";
import { Empty, Items, Name, Notice, Status, Table, useTitle } from "../../ui/parts.js";

export default function HoldsPage({ session }: { readonly session: Session }): ReactNode {
  useTitle(m.holds.title);
  const [load, again, foot] = usePages("holds", (cursor, signal) => askJson<"GET /api/v1/holds">(`/api/v1/holds?${pageQuery(cursor)}`, { signal }));
  // From the page of a recording: for that one.
  const asked = new URLSearchParams(useSearch()).get("recording");
  const [, navigate] = useLocation();
  const [isPlacing, setPlacing] = useState(asked !== null);
  const [releasing, setReleasing] = useState<Hold>();
  const [isProposed, setProposed] = useState(false);
  const close = (): void => {
    setPlacing(false);
    setReleasing(undefined);
    if (asked !== null) navigate("/holds", { replace: true });
  };
  const mayRelease = session.may.includes("propose_hold_release");
  return (
    <>
      <div className="row heading">
        <h1>{m.holds.title}</h1>
        {session.may.includes("place_hold") && (
          <button type="button" className="primary" onClick={() => setPlacing(true)}>
            {m.holds.place}
          </button>
        )}
      </div>
      <p className="lead">{m.holds.lead}</p>
      {isProposed && <Notice tone="ok" title={m.holds.releaseDone} />}
      <Items of={load} again={again} none={<Empty title={m.holds.emptyTitle} detail={m.holds.emptyDetail} />}>
        {(holds) => <StandingAndPast holds={holds} mayRelease={mayRelease} onRelease={setReleasing} />}
      </Items>
      {foot}
      {isPlacing && (
        <PlaceDialog
          recording={asked}
          onClose={close}
          onDone={() => {
            close();
            again();
          }}
        />
      )}
      {releasing !== undefined && (
        <ReleaseDialog
          hold={releasing}
          onClose={close}
          onDone={() => {
            close();
            setProposed(true);
            again();
          }}
        />
      )}
    </>
  );
}

interface HoldsProps {
  readonly holds: readonly Hold[];
  readonly mayRelease: boolean;
  readonly onRelease: (hold: Hold) => void;
}

function StandingAndPast({ holds, mayRelease, onRelease }: HoldsProps): ReactNode {
  const standing = holds.filter((hold) => hold.released_at === null);
  const past = holds.filter((hold) => hold.released_at !== null);
  return (
    <>
      {standing.length > 0 && <Holds holds={standing} mayRelease={mayRelease} onRelease={onRelease} />}
      {past.length > 0 && (
        <details>
          <summary>{m.holds.past}</summary>
          <Holds holds={past} mayRelease={false} onRelease={onRelease} />
        </details>
      )}
    </>
  );
}

function Holds({ holds, mayRelease, onRelease }: HoldsProps): ReactNode {
  return (
    <Table caption={m.holds.caption} heads={[m.holds.matter, m.holds.scope, m.holds.reason, m.holds.placed, m.holds.state]}>
      {holds.map((hold) => (
        <tr key={hold.id}>
          <td className="name">
            <strong>
              <Name text={hold.matter} />
            </strong>
          </td>
          <td>
            {hold.recording === null ? (
              <Link to={`/recordings?incident=${encodeURIComponent(hold.incident ?? "")}`}>
                <Name text={m.holds.incident(hold.incident ?? "")} />
              </Link>
            ) : (
              <Link to={`/recordings/${hold.recording}`}>{m.holds.recording(hold.recording)}</Link>
            )}
            <div className="quiet-text">{m.holds.covers(hold.covers)}</div>
          </td>
          <td>
            <Name text={hold.reason} />
          </td>
          <td>
            <Name text={hold.placed_by_name} />
            <div className="quiet-text">{shownTime(hold.placed_at)}</div>
          </td>
          <td>
            <HoldState hold={hold} />
            {mayRelease && hold.proposal === null && (
              <div>
                <button type="button" className="quiet small" aria-label={m.holds.releaseWhat(hold.matter)} onClick={() => onRelease(hold)}>
                  {m.holds.release}
                </button>
              </div>
            )}
          </td>
        </tr>
      ))}
    </Table>
  );
}

function HoldState({ hold }: { readonly hold: Hold }): ReactNode {
  if (hold.released_at !== null) return <span className="quiet-text">{m.holds.released(shownTime(hold.released_at))}</span>;
  return (
    <div className="row">
      <Status tone="held" word={m.holds.standing} />
      {hold.proposal !== null && <Link to="/approvals">{m.holds.proposed}</Link>}
    </div>
  );
}

function PlaceDialog({ recording, ...done }: DoneProps & { readonly recording: string | null }): ReactNode {
  const [scope, setScope] = useState<"incident" | "recording">(recording === null ? "incident" : "recording");
  const ask = (text: (name: string) => string): Promise<unknown> =>
    askJson<"POST /api/v1/holds">("/api/v1/holds", { method: "POST", body: { matter: text("matter"), reason: text("reason"), [scope]: text("covered") } });
  return (
    <AskDialog title={m.holds.placeTitle} note={m.holds.placeNote} submit={m.holds.place} ask={ask} {...done}>
      <label>
        {m.holds.matterField}
        <input name="matter" required maxLength={500} autoFocus />
      </label>
      <fieldset className="choices">
        <legend>{m.holds.scope}</legend>
        {(["incident", "recording"] as const).map((each) => (
          <label key={each} className="check">
            <input type="radio" name="scope" checked={scope === each} onChange={() => setScope(each)} />
            {m.holds.scopes[each]}
          </label>
        ))}
      </fieldset>
      <label>
        {scope === "incident" ? m.holds.incidentField : m.holds.recordingField}
        <input
          key={scope}
          name="covered"
          required
          className={scope === "recording" ? "mono" : undefined}
          pattern={scope === "recording" ? "[0-9a-f]{32}" : undefined}
          defaultValue={scope === "recording" ? (recording ?? "") : ""}
          autoComplete="off"
          spellCheck={false}
        />
      </label>
      {scope === "incident" && <p className="quiet-text">{m.holds.incidentNote}</p>}
      <ReasonField />
    </AskDialog>
  );
}

function ReleaseDialog({ hold, ...done }: DoneProps & { readonly hold: Hold }): ReactNode {
  const ask = (text: (name: string) => string): Promise<unknown> =>
    askJson<"POST /api/v1/holds/{id}/release">(`/api/v1/holds/${hold.id}/release`, { method: "POST", body: { reason: text("reason") } });
  return (
    <AskDialog title={m.holds.releaseWhat(hold.matter)} note={m.holds.releaseNote} submit={m.holds.release} ask={ask} {...done}>
      <ReasonField isFirst />
    </AskDialog>
  );
}
