// SPDX-License-Identifier: Apache-2.0
// Training and policy: what is asked of whoever signs in, the policies and courses, and for those who answer for it who lacks what.
import { useState, type ReactNode } from "react";
import { Link } from "wouter";
import { askJson } from "../../api/client.js";
import type { Course, Policy, Session } from "../../api/schema.js";
import { AskDialog, type DoneProps } from "../../app/ask.js";
import { m } from "../../app/messages.js";
import { shownTime } from "../../ui/format.js";
import { Empty, Items, Name, Notice, Ready, Status, Table, useLoad, useTitle } from "../../ui/parts.js";
import { Checklist } from "./checklist.js";
import { Overview } from "./overview.js";
import { RequiredFields, Requirement, RequireDialog } from "./requirement.js";
import { Sessions } from "./sessions.js";

export default function TrainingPage({ session }: { readonly session: Session }): ReactNode {
  useTitle(m.training.title);
  const mayManage = session.may.includes("manage_training");
  return (
    <>
      <h1>{m.training.title}</h1>
      <p className="lead">{m.training.lead}</p>
      <Mine login={session.login} />
      <Policies mayManage={mayManage} />
      <Courses mayManage={mayManage} />
      {session.may.includes("see_training") && <Overview />}
      {mayManage && <Sessions />}
      {mayManage && <Checklist />}
    </>
  );
}

function Mine({ login }: { readonly login: string }): ReactNode {
  const [load, again] = useLoad(login, (signal) => askJson<"GET /api/v1/training/people/{id}">(`/api/v1/training/people/${encodeURIComponent(login)}`, { signal }));
  return (
    <section aria-labelledby="mine-title">
      <div className="row heading">
        <h2 id="mine-title">{m.training.mine}</h2>
        <Link to={`/training/people/${encodeURIComponent(login)}`}>{m.training.myRecord}</Link>
      </div>
      <Ready of={load} again={again}>
        {(record) =>
          record.missing.length === 0 ? (
            <Notice tone="ok" title={m.training.mineNone} />
          ) : (
            <Notice tone="due" title={m.training.missing}>
              <ul className="plain">
                {record.missing.map((sentence) => (
                  <li key={sentence}>
                    <Name text={sentence} />
                  </li>
                ))}
              </ul>
            </Notice>
          )
        }
      </Ready>
    </section>
  );
}

interface ListProps {
  readonly mayManage: boolean;
}

function Policies({ mayManage }: ListProps): ReactNode {
  const [load, again] = useLoad("policies", (signal) => askJson<"GET /api/v1/policies">("/api/v1/policies", { signal }));
  const [isAdding, setAdding] = useState(false);
  const done = (): void => {
    setAdding(false);
    again();
  };
  return (
    <section className="apart" aria-labelledby="policies-title">
      <div className="row heading">
        <h2 id="policies-title">{m.training.policies}</h2>
        {mayManage && (
          <button type="button" onClick={() => setAdding(true)}>
            {m.training.addPolicy}
          </button>
        )}
      </div>
      <Items of={load} again={again} none={<Empty title={m.training.noPolicies} detail={mayManage ? m.training.noPoliciesDetail : m.training.noPoliciesReader} />}>
        {(policies) => (
          <Table caption={m.training.policiesCaption} heads={[m.training.policy, m.training.inForce, m.training.you, m.training.require]}>
            {policies.map((policy) => (
              <tr key={policy.id}>
                <td className="name">
                  <Link to={`/training/policies/${policy.slug}`}>
                    <Name text={policy.title} />
                  </Link>
                </td>
                <td>
                  {policy.number === null ? m.training.noneInForce : m.training.version(policy.number)}
                  {policy.effective_at !== null && <div className="quiet-text">{m.training.since(shownTime(policy.effective_at))}</div>}
                  {policy.next !== null && policy.next_at !== null && <div className="quiet-text">{m.training.from(policy.next, shownTime(policy.next_at))}</div>}
                </td>
                <td>
                  <Mark policy={policy} />
                </td>
                <td>
                  <Requirement of={policy.requirement} />
                </td>
              </tr>
            ))}
          </Table>
        )}
      </Items>
      {isAdding && <AddPolicy onClose={() => setAdding(false)} onDone={done} />}
    </section>
  );
}

function Mark({ policy }: { readonly policy: Policy }): ReactNode {
  if (policy.number === null) return <span className="quiet-text">{m.training.noVersion}</span>;
  if (policy.acknowledged !== null && policy.acknowledged >= policy.number) {
    return (
      <>
        <Status tone="ok" word={m.training.readIt(policy.acknowledged)} />
        {policy.acknowledged_at !== null && <div className="quiet-text">{shownTime(policy.acknowledged_at)}</div>}
      </>
    );
  }
  return (
    <>
      <Status tone={policy.requirement.required ? "due" : "info"} word={m.training.toRead(policy.number)} />
      {policy.acknowledged !== null && <div className="quiet-text">{m.training.readIt(policy.acknowledged)}</div>}
    </>
  );
}

function AddPolicy(dialog: DoneProps): ReactNode {
  return (
    <AskDialog
      {...dialog}
      title={m.training.addPolicy}
      note={m.training.addPolicyNote}
      submit={m.training.add}
      ask={(text) => askJson<"POST /api/v1/policies">("/api/v1/policies", { method: "POST", body: { slug: text("slug"), title: text("title"), required: text("required") !== "", unit: text("unit") } })}
    >
      <Named />
      <RequiredFields />
    </AskDialog>
  );
}

function Named(): ReactNode {
  return (
    <>
      <label>
        {m.training.titleField}
        <input name="title" required maxLength={200} autoFocus />
      </label>
      <label>
        {m.training.slug}
        <input name="slug" required maxLength={64} pattern="[a-z][a-z0-9\-]*" autoCapitalize="none" spellCheck={false} />
      </label>
    </>
  );
}

function Courses({ mayManage }: ListProps): ReactNode {
  const [load, again] = useLoad("courses", (signal) => askJson<"GET /api/v1/training/courses">("/api/v1/training/courses", { signal }));
  const [isAdding, setAdding] = useState(false);
  const [asked, setAsked] = useState<Course>();
  const done = (): void => {
    setAdding(false);
    setAsked(undefined);
    again();
  };
  return (
    <section className="apart" aria-labelledby="courses-title">
      <div className="row heading">
        <h2 id="courses-title">{m.training.courses}</h2>
        {mayManage && (
          <button type="button" onClick={() => setAdding(true)}>
            {m.training.addCourse}
          </button>
        )}
      </div>
      <Items of={load} again={again} none={<p className="quiet-text">{mayManage ? m.training.noCoursesDetail : m.training.noCourses}</p>}>
        {(courses) => (
          <Table caption={m.training.coursesCaption} heads={[m.training.course, m.training.counts, m.training.require]}>
            {courses.map((course) => (
              <tr key={course.id}>
                <td className="name">
                  <Name text={course.title} />
                  <div className="quiet-text">
                    <Name text={course.renews === null ? course.slug : m.training.renews(course.renews)} />
                  </div>
                </td>
                <td>{course.valid_days !== null ? m.training.days(course.valid_days) : course.valid_months !== null ? m.training.months(course.valid_months) : m.training.withoutEnd}</td>
                <td>
                  <div className="row">
                    <Requirement of={course.requirement} />
                    {mayManage && (
                      <button type="button" className="quiet small" onClick={() => setAsked(course)}>
                        {m.training.edit}
                      </button>
                    )}
                  </div>
                </td>
              </tr>
            ))}
          </Table>
        )}
      </Items>
      {isAdding && <AddCourse onClose={() => setAdding(false)} onDone={done} />}
      {asked !== undefined && <RequireDialog what={{ course: asked.slug }} title={asked.title} of={asked.requirement} onClose={() => setAsked(undefined)} onDone={done} />}
    </section>
  );
}

function AddCourse(dialog: DoneProps): ReactNode {
  const number = (text: string): { readonly n?: number } => (text === "" ? {} : { n: Number(text) });
  return (
    <AskDialog
      {...dialog}
      title={m.training.addCourse}
      note={m.training.addCourseNote}
      submit={m.training.add}
      ask={(text) =>
        askJson<"POST /api/v1/training/courses">("/api/v1/training/courses", {
          method: "POST",
          body: {
            slug: text("slug"),
            title: text("title"),
            required: text("required") !== "",
            unit: text("unit"),
            renews: text("renews"),
            valid_days: number(text("days")).n,
            valid_months: number(text("months")).n,
          },
        })
      }
    >
      <Named />
      <label>
        {m.training.validMonths}
        <input name="months" type="number" min={1} max={1200} />
      </label>
      <label>
        {m.training.validDays}
        <input name="days" type="number" min={1} max={36500} />
      </label>
      <label>
        {m.training.renewsField}
        <input name="renews" maxLength={64} autoCapitalize="none" spellCheck={false} />
      </label>
      <RequiredFields />
    </AskDialog>
  );
}
