// SPDX-License-Identifier: Apache-2.0
// The statements that an officer has filed, and the agency's rule that may wait for them.
import { useMemo, useState, type ReactNode } from "react";
import { Link } from "wouter";
import { askJson } from "../../api/client.js";
import type { Person, Rules, Session, Statement } from "../../api/schema.js";
import type { Action } from "../../app/actions.js";
import { AskDialog, ReasonField, type DoneProps } from "../../app/ask.js";
import { m } from "../../app/messages.js";
import { pageQuery, usePages } from "../../app/pages.js";
import { useActions } from "../../app/registry.js";
import { instantOf, localMinute, shownTime } from "../../ui/format.js";
import { ActionButton, Items, Name, Ready, Table, useLoad } from "../../ui/parts.js";

/** For whoever may record one; nobody vouches for their own. */
export function Statements({ person, session }: { readonly person: Person; readonly session: Session }): ReactNode {
  const [load, again, foot] = usePages(person.id, (cursor, signal) =>
    askJson<"GET /api/v1/statements">(`/api/v1/statements?${pageQuery(cursor, { person: person.id })}`, { signal }),
  );
  const [isRecording, setRecording] = useState(false);
  const [withdrawing, setWithdrawing] = useState<Statement>();
  const mayAct = person.login !== session.login;
  return (
    <section className="panel" aria-labelledby="statements-title">
      <div className="row heading">
        <h2 id="statements-title">{m.statements.title}</h2>
        {mayAct && (
          <button type="button" onClick={() => setRecording(true)}>
            {m.statements.record}
          </button>
        )}
      </div>
      <p className="quiet-text">{m.statements.note}</p>
      <Items of={load} again={again} none={<p>{m.statements.none}</p>}>
        {(statements) => (
          <Table caption={m.statements.caption} heads={[m.statements.incident, m.statements.filed, m.statements.standing]}>
            {statements.map((statement) => (
              <tr key={`${statement.incident} ${statement.withdrawn_at ?? ""}`}>
                <td className="name">
                  <Link to={`/recordings?incident=${encodeURIComponent(statement.incident)}`}>
                    <Name text={statement.incident} />
                  </Link>
                </td>
                <td className="time">{shownTime(statement.filed_at)}</td>
                <td>
                  {statement.withdrawn_at !== null ? (
                    <span className="quiet-text">{m.statements.withdrawnAt(shownTime(statement.withdrawn_at))}</span>
                  ) : mayAct ? (
                    <button type="button" aria-label={m.statements.withdrawOf(statement.incident)} onClick={() => setWithdrawing(statement)}>
                      {m.statements.withdraw}
                    </button>
                  ) : (
                    m.statements.stands
                  )}
                </td>
              </tr>
            ))}
          </Table>
        )}
      </Items>
      {foot}
      {isRecording && (
        <RecordDialog
          person={person}
          onClose={() => setRecording(false)}
          onDone={() => {
            setRecording(false);
            again();
          }}
        />
      )}
      {withdrawing !== undefined && (
        <WithdrawDialog
          person={person}
          incident={withdrawing.incident}
          onClose={() => setWithdrawing(undefined)}
          onDone={() => {
            setWithdrawing(undefined);
            again();
          }}
        />
      )}
    </section>
  );
}

function WithdrawDialog({ person, incident, ...done }: DoneProps & { readonly person: Person; readonly incident: string }): ReactNode {
  const ask = (text: (name: string) => string): Promise<unknown> =>
    askJson<"POST /api/v1/statements/withdraw">("/api/v1/statements/withdraw", {
      method: "POST",
      body: { person: person.id, incident, reason: text("reason") },
    });
  return (
    <AskDialog
      title={m.statements.withdrawTitle(person.name, incident)}
      note={m.statements.withdrawNote}
      submit={m.statements.withdraw}
      ask={ask}
      {...done}
    >
      <ReasonField isFirst />
    </AskDialog>
  );
}

function RecordDialog({ person, ...done }: DoneProps & { readonly person: Person }): ReactNode {
  const ask = (text: (name: string) => string): Promise<unknown> => {
    const filed = instantOf(text("filed_at"));
    return askJson<"POST /api/v1/statements">("/api/v1/statements", {
      method: "POST",
      body: { person: person.id, incident: text("incident"), ...(filed === undefined ? {} : { filed_at: filed }) },
    });
  };
  return (
    <AskDialog title={m.statements.recordTitle(person.name)} note={m.statements.recordNote} submit={m.statements.record} ask={ask} {...done}>
      <label>
        {m.recording.fact.incident}
        <input name="incident" required maxLength={200} autoFocus autoComplete="off" />
      </label>
      <label>
        {m.statements.filedAt}
        <input name="filed_at" type="datetime-local" max={localMinute(new Date())} />
      </label>
    </AskDialog>
  );
}

/** When officers may watch their own recordings: shown to all, set by command. */
export function OwnViewing({ session }: { readonly session: Session }): ReactNode {
  const [load, again] = useLoad("rules", (signal) => askJson<"GET /api/v1/rules">("/api/v1/rules", { signal }));
  const [isSetting, setSetting] = useState(false);
  const maySet = session.may.includes("set_rules") && load.state === "ready";
  const actions = useMemo(
    (): readonly [Action] => [{ id: "people.rule", label: m.statements.setRule, shortcut: "r", scope: "here", when: () => maySet, perform: () => setSetting(true) }],
    [maySet],
  );
  useActions(actions);
  return (
    <section className="panel" aria-labelledby="rule-title">
      <div className="row heading">
        <h2 id="rule-title">{m.statements.rule}</h2>
        {maySet && <ActionButton action={actions[0]} />}
      </div>
      <Ready of={load} again={again}>
        {({ own_viewing: rule }) => (
          <>
            <p data-rule={rule}>{m.statements.rules[rule]}</p>
            {isSetting && (
              <RuleDialog
                rule={rule}
                onClose={() => setSetting(false)}
                onDone={() => {
                  setSetting(false);
                  again();
                }}
              />
            )}
          </>
        )}
      </Ready>
    </section>
  );
}

type Rule = Rules["own_viewing"];

function RuleDialog({ rule, ...done }: DoneProps & { readonly rule: Rule }): ReactNode {
  const [chosen, setChosen] = useState<Rule>(rule);
  const ask = (text: (name: string) => string): Promise<unknown> =>
    askJson<"PUT /api/v1/rules">("/api/v1/rules", { method: "PUT", body: { own_viewing: chosen, reason: text("reason") } });
  return (
    <AskDialog title={m.statements.setTitle} note={m.statements.setNote} submit={m.statements.setRule} ask={ask} {...done}>
      <fieldset>
        <legend>{m.statements.choice}</legend>
        {(Object.keys(m.statements.rules) as readonly Rule[]).map((each) => (
          <label key={each} className="check">
            <input type="radio" name="rule" checked={chosen === each} autoFocus={rule === each} onChange={() => setChosen(each)} />
            <span className="note">
              {m.statements.ruleNames[each]}
              <span className="quiet-text"> {m.statements.rules[each]}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <ReasonField />
    </AskDialog>
  );
}
