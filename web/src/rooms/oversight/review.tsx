// SPDX-License-Identifier: Apache-2.0
// Who has access: everybody, by what and with what, to be gone through and signed.
import { useState, type ReactNode } from "react";
import { Link } from "wouter";
import { askJson } from "../../api/client.js";
import type { AccessReview, ReviewedPerson } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { shownDay, shownTime } from "../../ui/format.js";
import { Name, Notice, Ready, Status, Table, useLoad, useTitle } from "../../ui/parts.js";
import { SignDialog } from "./sign.js";

export default function ReviewPage(): ReactNode {
  useTitle(m.oversight.review);
  const [load, again] = useLoad("review", (signal) => askJson<"GET /api/v1/access-review">("/api/v1/access-review", { signal }));
  return (
    <>
      <h1>{m.oversight.review}</h1>
      <p className="lead">{m.oversight.reviewLead}</p>
      <Ready of={load} again={again}>
        {(value) => <Shown review={value} again={again} />}
      </Ready>
    </>
  );
}

function Shown({ review, again }: { readonly review: AccessReview; readonly again: () => void }): ReactNode {
  const [isSigning, setSigning] = useState(false);
  const last = review.last_signed;
  return (
    <>
      <Notice tone={last === null ? "due" : "ok"} title={last === null ? m.oversight.neverReviewed : m.oversight.reviewedBy(last.by, shownTime(last.at))}>
        {last !== null && last.note !== "" && (
          <p>
            <Name text={last.note} />
          </p>
        )}
      </Notice>
      <div className="row">
        <button type="button" className="primary" onClick={() => setSigning(true)}>
          {m.oversight.signReview}
        </button>
        <a href="/api/v1/access-review?format=csv" download="access-review.csv">
          {m.oversight.csv}
        </a>
      </div>
      <Table
        caption={m.oversight.review}
        heads={[m.oversight.who, m.people.roles, m.oversight.lastHere, m.oversight.credentials, m.oversight.belongs]}
      >
        {review.items.map((person) => (
          <Row key={person.id} person={person} />
        ))}
      </Table>
      {isSigning && (
        <SignDialog
          title={m.oversight.signReview}
          note={m.oversight.signReviewNote}
          sign={(said) => askJson<"POST /api/v1/access-review/sign">("/api/v1/access-review/sign", { method: "POST", body: { sha256: review.sha256, note: said } })}
          onClose={() => setSigning(false)}
          onDone={() => {
            setSigning(false);
            again();
          }}
        />
      )}
    </>
  );
}

function Row({ person }: { readonly person: ReviewedPerson }): ReactNode {
  const list = (texts: readonly string[] | null, says: (names: string) => string): ReactNode =>
    texts === null || texts.length === 0 ? null : (
      <div>
        <Name text={says(texts.join(", "))} />
      </div>
    );
  return (
    <tr>
      <td className="name">
        <Link to={`/people/${person.id}`}>
          <Name text={person.name} />
        </Link>
        <div className="quiet-text">
          <Name text={person.login} />
        </div>
      </td>
      <td>
        <div>{person.roles.map((role) => m.people.roleNames[role] ?? role).join(", ")}</div>
        <div className="quiet-text">
          <Name text={m.oversight.sinceBy(shownDay(person.roles_since), person.roles_by)} />
        </div>
      </td>
      <td>
        {!person.active && <Status tone="plain" word={m.people.inactive} />}
        {person.never_here && <Status tone="due" word={m.oversight.neverHere} />}
        {person.idle && <Status tone="due" word={m.oversight.idle} />}
        {person.last_day !== null && <div>{shownDay(person.last_day)}</div>}
      </td>
      <td>
        <div>{person.factors.length === 0 ? m.oversight.noFactor : person.factors.map((kind) => m.account.kinds[kind] ?? kind).join(", ")}</div>
        {person.tokens.map((token) => (
          <div key={token.id} className="quiet-text">
            {m.oversight.token(token.scopes, shownDay(token.expires_at))}
          </div>
        ))}
      </td>
      <td>
        {list(person.units, m.oversight.inUnits)}
        {list(person.supervises, m.oversight.supervises)}
        {person.scopes?.length === 0 ? m.oversight.noScope : list(person.scopes, m.oversight.hasScope)}
        {list(person.cases, m.oversight.onCases)}
        {list(person.clearances?.map((kind) => m.recording.restrictions[kind] ?? kind) ?? null, m.oversight.clearedFor)}
      </td>
    </tr>
  );
}
