// SPDX-License-Identifier: Apache-2.0
// The short check, and that somebody has read a version: signed by their passkey where they have one here, else by a factor shown again.
import { useState, type FormEvent, type ReactNode } from "react";
import { Link } from "wouter";
import { askJson, Problem } from "../../api/client.js";
import type { PolicyVersion, PresentedPasskey, Session } from "../../api/schema.js";
import { StepUp, TurnedDown } from "../../app/factor.js";
import { m } from "../../app/messages.js";
import { hasPasskeys, presentPasskey } from "../../app/passkeys.js";
import { Failure, Name, Notice } from "../../ui/parts.js";

interface AcknowledgeProps {
  readonly version: PolicyVersion;
  readonly session: Session;
  readonly onDone: () => void;
}

export function Acknowledge({ version, session, onDone }: AcknowledgeProps): ReactNode {
  const [answers, setAnswers] = useState<readonly (number | undefined)[]>(version.check.map(() => undefined));
  const [wrong, setWrong] = useState<readonly number[]>([]);
  const [error, setError] = useState<unknown>();
  const [isWaiting, setWaiting] = useState(false);
  const [isWorking, setWorking] = useState(false);
  if (version.acknowledged_at !== null) return null;
  const post = (passkey?: PresentedPasskey) =>
    askJson<"POST /api/v1/policies/{id}/versions/{number}/acknowledgements">(`/api/v1/policies/${version.policy}/versions/${version.number}/acknowledgements`, {
      method: "POST",
      body: { answers: answers.map((answer) => answer ?? 0), passkey, proof: hasPasskeys() ? undefined : "second_factor" },
    });
  const send = async (): Promise<void> => {
    const first = await post();
    setWrong(first.wrong);
    if (first.wrong.length > 0) return;
    if (first.question === null) return onDone();
    const passkey = await presentPasskey(first.question);
    if (passkey === undefined) throw new TurnedDown();
    await post(passkey);
    onDone();
  };
  const run = (): void => {
    setError(undefined);
    setWaiting(false);
    setWorking(true);
    send()
      .catch((reason: unknown) => {
        if (reason instanceof Problem && reason.slug === "fresh-factor") setWaiting(true);
        else setError(reason);
      })
      .finally(() => setWorking(false));
  };
  const onSubmit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    run();
  };
  return (
    <section className="panel" aria-label={m.training.haveRead(version.number)}>
      <form onSubmit={onSubmit} className="check-form">
        {version.check.length > 0 && (
          <>
            <h2>{m.training.check}</h2>
            <p className="quiet-text">{m.training.checkNote}</p>
          </>
        )}
        {version.check.map((question, i) => (
          <fieldset key={question.question} aria-invalid={wrong.includes(i + 1)}>
            <legend>
              {m.training.question(i + 1)}: <Name text={question.question} />
            </legend>
            {question.choices.map((choice, j) => (
              <label key={choice} className="check">
                <input
                  type="radio"
                  name={`question-${i}`}
                  required
                  checked={answers[i] === j + 1}
                  onChange={() => {
                    setAnswers(answers.map((answer, k) => (k === i ? j + 1 : answer)));
                    setWrong(wrong.filter((n) => n !== i + 1));
                  }}
                />
                <Name text={choice} />
              </label>
            ))}
            {wrong.includes(i + 1) && <p className="bad">{m.training.notRight}</p>}
          </fieldset>
        ))}
        {wrong.length > 0 && (
          <div role="alert">
            <Notice tone="due" title={m.training.wrong(wrong)}>
              <p>{m.training.wrongDetail}</p>
            </Notice>
          </div>
        )}
        {error instanceof TurnedDown ? <Notice tone="due" title={m.training.turnedDown} /> : error !== undefined && <Failure error={error} />}
        {error instanceof Problem && error.slug === "no-factor" && (
          <p>
            <Link to="/account">{m.factor.enrollOne}</Link>
          </p>
        )}
        <p className="quiet-text">{m.training.haveReadNote}</p>
        <button type="submit" className="primary" disabled={isWorking}>
          {m.training.haveRead(version.number)}
        </button>
      </form>
      {isWaiting && <StepUp session={session} note={m.factor.againForAct} onClose={() => setWaiting(false)} onDone={run} />}
    </section>
  );
}
