// SPDX-License-Identifier: Apache-2.0
// Who is in the agency, in which units, on which cases.
import { useMemo, useState, type FormEvent, type ReactNode } from "react";
import { Link, useSearch } from "wouter";
import { askJson } from "../../api/client.js";
import type { Category, InvitedPerson, Person, Session } from "../../api/schema.js";
import type { Action } from "../../app/actions.js";
import { AskDialog, ReasonField } from "../../app/ask.js";
import { m } from "../../app/messages.js";
import { useActions } from "../../app/registry.js";
import { shownTime } from "../../ui/format.js";
import { ActionButton, Empty, Failure, Items, Name, Notice, Ready, Status, Table, useLoad, useTitle } from "../../ui/parts.js";
import { AddDialog, SetupLink } from "./add.js";
import { OwnViewing } from "./statements.js";

export default function PeoplePage({ session }: { readonly session: Session }): ReactNode {
  useTitle(m.people.title);
  const [people, retry] = useLoad("people", (signal) => askJson<"GET /api/v1/people">("/api/v1/people", { signal }));
  // From the list of what is still to be set up.
  const isAsked = new URLSearchParams(useSearch()).has("add");
  const mayManage = session.may.includes("manage_people");
  const [isAdding, setAdding] = useState(isAsked && mayManage);
  const [added, setAdded] = useState<InvitedPerson>();
  const actions = useMemo(
    (): readonly [Action] => [{ id: "people.add", label: m.people.add, shortcut: "n", scope: "here", when: () => mayManage, perform: () => setAdding(true) }],
    [mayManage],
  );
  useActions(actions);
  return (
    <>
      <div className="row heading">
        <h1>{m.people.title}</h1>
        {mayManage && <ActionButton action={actions[0]} kind="primary" />}
      </div>
      <p className="lead">{m.people.lead}</p>
      {added !== undefined && <SetupLink person={added} />}
      {session.may.includes("manage_people") && <ConsoleActs />}
      <Ready of={people} again={retry}>
        {(value) => <People people={value.items} />}
      </Ready>
      <div className="pair">
        <Units mayAdd={session.may.includes("manage_people")} />
        <Categories mayAdd={session.may.includes("set_rules")} />
        {session.may.includes("see_cases") && <Cases mayAdd={session.may.includes("manage_cases")} />}
        <OwnViewing session={session} />
      </div>
      {isAdding && (
        <AddDialog
          onClose={() => setAdding(false)}
          onAdded={(person) => {
            setAdding(false);
            setAdded(person);
            retry();
          }}
        />
      )}
    </>
  );
}

/** Break-glass at the server's own console is seen by those whose work it went around. */
function ConsoleActs(): ReactNode {
  const [acts] = useLoad("console", (signal) => askJson<"GET /api/v1/sign-in/console">("/api/v1/sign-in/console", { signal }));
  if (acts.state !== "ready" || acts.value.items.length === 0) return acts.state === "failed" ? <Failure error={acts.error} /> : null;
  return (
    <Notice tone="due" title={m.people.consoleTitle}>
      <ul className="plain">
        {acts.value.items.map((act) => (
          <li key={`${act.at} ${act.person} ${act.event}`}>
            <Link to={`/people/${act.person}`}>
              <Name text={act.name} />
            </Link>{" "}
            {m.account.eventNames[act.event] ?? act.event} <span className="quiet-text">{shownTime(act.at)}</span>
          </li>
        ))}
      </ul>
    </Notice>
  );
}

function People({ people }: { readonly people: readonly Person[] }): ReactNode {
  return (
    <Table caption={m.people.caption} heads={[m.people.name, m.people.login, m.people.badge, m.people.roles]}>
      {people.map((person) => (
        <tr key={person.id}>
          <td className="name">
            <Link to={`/people/${person.id}`}>
              <Name text={person.name} />
            </Link>
          </td>
          <td>
            <Name text={person.login} />
          </td>
          <td>{person.badge === null ? m.list.none : <Name text={person.badge} />}</td>
          <td>
            <div className="row">
              {!person.active && <Status tone="bad" word={m.people.inactive} />}
              <span>{person.roles.map((role) => m.people.roleNames[role] ?? role).join(", ")}</span>
            </div>
          </td>
        </tr>
      ))}
    </Table>
  );
}

function Units({ mayAdd }: { readonly mayAdd: boolean }): ReactNode {
  const [units, again] = useLoad("units", (signal) => askJson<"GET /api/v1/units">("/api/v1/units", { signal }));
  return (
    <section className="panel" aria-labelledby="units-title">
      <h2 id="units-title">{m.people.units}</h2>
      <Items of={units} again={again} none={<p className="quiet-text">{m.people.noUnits}</p>}>
        {(items) => (
          <ul className="plain">
            {items.map((unit) => (
              <li key={unit.id}>
                <Name text={unit.name} />
              </li>
            ))}
          </ul>
        )}
      </Items>
      {mayAdd && (
        <AddForm
          label={m.people.unitName}
          submit={m.people.addUnit}
          add={(name) => askJson<"POST /api/v1/units">("/api/v1/units", { method: "POST", body: { name } })}
          onAdded={again}
        />
      )}
    </section>
  );
}

function Categories({ mayAdd }: { readonly mayAdd: boolean }): ReactNode {
  const [categories, again] = useLoad("categories", (signal) => askJson<"GET /api/v1/categories">("/api/v1/categories", { signal }));
  const [retiring, setRetiring] = useState<Category>();
  const close = (): void => setRetiring(undefined);
  return (
    <section className="panel" aria-labelledby="categories-title">
      <h2 id="categories-title">{m.people.categories}</h2>
      <Items of={categories} again={again} none={<p className="quiet-text">{m.people.noCategories}</p>}>
        {(items) => (
          <ul className="plain">
            {items.map((category) => (
              <li key={category.id} className="row">
                <Name text={category.name} />
                {category.retired_at !== null && <span className="quiet-text">{m.people.retiredSince(shownTime(category.retired_at))}</span>}
                {category.retired_at === null && mayAdd && (
                  <button type="button" className="quiet small" aria-label={m.people.retireTitle(category.name)} onClick={() => setRetiring(category)}>
                    {m.people.retire}
                  </button>
                )}
              </li>
            ))}
          </ul>
        )}
      </Items>
      {mayAdd && (
        <AddForm
          label={m.people.categoryName}
          submit={m.people.addCategory}
          add={(name) => askJson<"POST /api/v1/categories">("/api/v1/categories", { method: "POST", body: { name } })}
          onAdded={again}
        />
      )}
      {retiring !== undefined && (
        <AskDialog
          title={m.people.retireTitle(retiring.name)}
          note={m.people.retireNote}
          submit={m.people.retire}
          ask={(text) =>
            askJson<"POST /api/v1/categories/{id}/retire">(`/api/v1/categories/${retiring.id}/retire`, { method: "POST", body: { reason: text("reason") } })
          }
          onClose={close}
          onDone={() => {
            close();
            again();
          }}
        >
          <ReasonField isFirst />
        </AskDialog>
      )}
    </section>
  );
}

function Cases({ mayAdd }: { readonly mayAdd: boolean }): ReactNode {
  const [cases, again] = useLoad("cases", (signal) => askJson<"GET /api/v1/cases">("/api/v1/cases", { signal }));
  return (
    <section className="panel" aria-labelledby="cases-title">
      <h2 id="cases-title">{m.people.cases}</h2>
      <Items of={cases} again={again} none={<Empty title={m.people.noCases} detail={m.people.noCasesDetail} />}>
        {(items) => (
          <ul className="plain">
            {items.map((known) => (
              <li key={known.id}>
                <Link to={`/recordings?incident=${encodeURIComponent(known.number)}`}>
                  <Name text={known.number} />
                </Link>{" "}
                <span className="quiet-text">
                  <Name text={known.title} />
                </span>
              </li>
            ))}
          </ul>
        )}
      </Items>
      {mayAdd && (
        <AddForm
          label={m.people.caseNumber}
          submit={m.people.addCase}
          add={(number) => askJson<"POST /api/v1/cases">("/api/v1/cases", { method: "POST", body: { number } })}
          onAdded={again}
        />
      )}
    </section>
  );
}

interface AddFormProps {
  readonly label: string;
  readonly submit: string;
  readonly add: (text: string) => Promise<unknown>;
  readonly onAdded: () => void;
}

function AddForm({ label, submit, add, onAdded }: AddFormProps): ReactNode {
  const [error, setError] = useState<unknown>();
  const [isWorking, setWorking] = useState(false);
  const onSubmit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = event.currentTarget;
    const text = String(new FormData(form).get("text") ?? "").trim();
    if (text === "") return;
    setWorking(true);
    setError(undefined);
    add(text)
      .then(() => {
        form.reset();
        onAdded();
      })
      .catch(setError)
      .finally(() => setWorking(false));
  };
  return (
    <form onSubmit={onSubmit}>
      {error !== undefined && <Failure error={error} />}
      <label>
        {label}
        <input name="text" required maxLength={200} />
      </label>
      <button type="submit" disabled={isWorking}>
        {submit}
      </button>
    </form>
  );
}
