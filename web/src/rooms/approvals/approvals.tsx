// SPDX-License-Identifier: Apache-2.0
// What waits for a second person: what is asked, by whom, why; and what was decided before.
import { useState, type ReactNode } from "react";
import { askJson } from "../../api/client.js";
import type { Proposal } from "../../api/schema.js";
import { AskDialog, ReasonField, type DoneProps } from "../../app/ask.js";
import { m } from "../../app/messages.js";
import { pageQuery, usePages } from "../../app/pages.js";
import { shownTime } from "../../ui/format.js";
import { Empty, Failure, Items, Name, Status, Table, useTitle, type Tone } from "../../ui/parts.js";

const TONES: Readonly<Record<string, Tone>> = { open: "due", approved: "ok", refused: "bad", withdrawn: "plain", expired: "plain" };

type Verb = "approve" | "refuse" | "withdraw";
interface Deciding {
  readonly proposal: Proposal;
  readonly verb: Verb;
}

export default function ApprovalsPage(): ReactNode {
  useTitle(m.approvals.title);
  // What waits is asked for by itself: however much has been decided since, it is in sight.
  const list = (narrowed: Readonly<Record<string, string>>) => (cursor: string | undefined, signal: AbortSignal) =>
    askJson<"GET /api/v1/proposals">(`/api/v1/proposals?${pageQuery(cursor, narrowed)}`, { signal });
  const [waiting, againOpen, footOpen] = usePages("proposals-open", list({ state: "open" }));
  const [every, againEvery, footEvery] = usePages("proposals", list({}));
  const again = (): void => {
    againOpen();
    againEvery();
  };
  const [deciding, setDeciding] = useState<Deciding>();
  const past = every.state === "ready" ? every.value.items.filter((proposal) => proposal.state !== "open") : [];
  return (
    <>
      <h1>{m.approvals.title}</h1>
      <p className="lead">{m.approvals.lead}</p>
      <Items of={waiting} again={again} none={<Empty title={m.approvals.emptyTitle} detail={m.approvals.emptyDetail} />}>
        {(open) => open.map((proposal) => <Open key={proposal.id} proposal={proposal} onDecide={(verb) => setDeciding({ proposal, verb })} />)}
      </Items>
      {footOpen}
      {every.state === "failed" && waiting.state !== "failed" && <Failure error={every.error} onRetry={againEvery} />}
      {past.length > 0 && <Past proposals={past} />}
      {waiting.state === "ready" && footEvery}
      {deciding !== undefined && (
        <DecideDialog
          deciding={deciding}
          onClose={() => setDeciding(undefined)}
          onDone={() => {
            setDeciding(undefined);
            again();
          }}
        />
      )}
    </>
  );
}

function Open({ proposal, onDecide }: { readonly proposal: Proposal; readonly onDecide: (verb: Verb) => void }): ReactNode {
  return (
    <article className="panel proposal" aria-labelledby={`proposal-${proposal.id}`}>
      <p className="quiet-text">{m.approvals.acts[proposal.act] ?? proposal.act}</p>
      <h2 id={`proposal-${proposal.id}`}>
        <Name text={proposal.text} />
      </h2>
      <p className="quiet-text">
        <Name text={m.approvals.by(proposal.proposer_name, shownTime(proposal.proposed_at))} />. {m.approvals.until(shownTime(proposal.expires_at))}.{" "}
        {proposal.covers !== null && m.approvals.covers(proposal.covers)}
      </p>
      <dl>
        <dt>{m.approvals.why}</dt>
        <dd>
          <Name text={proposal.reason} />
        </dd>
      </dl>
      <div className="row">
        {proposal.may_decide && (
          <>
            <button type="button" className="primary" onClick={() => onDecide("approve")}>
              {m.approvals.approve}
            </button>
            <button type="button" onClick={() => onDecide("refuse")}>
              {m.approvals.refuse}
            </button>
          </>
        )}
        {proposal.is_own && (
          <button type="button" onClick={() => onDecide("withdraw")}>
            {m.approvals.withdraw}
          </button>
        )}
        {!proposal.may_decide && <span className="quiet-text">{proposal.is_own ? m.approvals.own : m.approvals.notYours}</span>}
      </div>
    </article>
  );
}

function Past({ proposals }: { readonly proposals: readonly Proposal[] }): ReactNode {
  return (
    <section aria-labelledby="past-title">
      <h2 id="past-title">{m.approvals.past}</h2>
      <Table caption={m.approvals.pastCaption} heads={[m.approvals.what, m.holds.state, m.approvals.decided]}>
        {proposals.map((proposal) => (
          <tr key={proposal.id}>
            <td className="name">
              <Name text={proposal.text} />
              <div className="quiet-text">
                <Name text={m.approvals.by(proposal.proposer_name, shownTime(proposal.proposed_at))} />
              </div>
            </td>
            <td>
              <Status tone={TONES[proposal.state] ?? "plain"} word={m.approvals.states[proposal.state] ?? proposal.state} />
            </td>
            <td>
              <Name text={m.approvals.decision(proposal.decider_name, proposal.decision_reason)} />
              <div className="quiet-text">{shownTime(proposal.decided_at ?? proposal.expires_at)}</div>
            </td>
          </tr>
        ))}
      </Table>
    </section>
  );
}

const TITLES: Readonly<Record<Verb, string>> = { approve: m.approvals.approveTitle, refuse: m.approvals.refuseTitle, withdraw: m.approvals.withdrawTitle };

function DecideDialog({ deciding: { proposal, verb }, ...done }: DoneProps & { readonly deciding: Deciding }): ReactNode {
  const ask = (text: (name: string) => string): Promise<unknown> => {
    const body = { reason: text("reason") };
    const path = `/api/v1/proposals/${proposal.id}` as const;
    if (verb === "approve") return askJson<"POST /api/v1/proposals/{id}/approve">(`${path}/approve`, { method: "POST", body });
    if (verb === "refuse") return askJson<"POST /api/v1/proposals/{id}/refuse">(`${path}/refuse`, { method: "POST", body });
    return askJson<"POST /api/v1/proposals/{id}/withdraw">(`${path}/withdraw`, { method: "POST", body });
  };
  return (
    <AskDialog title={TITLES[verb]} note={m.approvals.note} submit={m.approvals[verb]} ask={ask} {...done}>
      <p>
        <strong>
          <Name text={proposal.text} />
        </strong>
      </p>
      <ReasonField isFirst />
    </AskDialog>
  );
}
