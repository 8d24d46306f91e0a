// SPDX-License-Identifier: Apache-2.0
// The next version of a policy, from a file.
import { useState, type FormEvent, type ReactNode } from "react";
import { askJson } from "../../api/client.js";
import type { PolicyVersionRequest } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { Failure } from "../../ui/parts.js";

interface IssueProps {
  readonly slug: string;
  readonly onDone: () => void;
}

export function Issue({ slug, onDone }: IssueProps): ReactNode {
  const [error, setError] = useState<unknown>();
  const [isWorking, setWorking] = useState(false);
  const onSubmit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = event.currentTarget;
    const fields = new FormData(form);
    const file = fields.get("file");
    if (!(file instanceof File)) return;
    const effective = String(fields.get("effective") ?? "");
    setError(undefined);
    setWorking(true);
    file
      .text()
      .then((text) => {
        // What the file may be is the server's to say: it names the clause that is wrong.
        const written = JSON.parse(text) as PolicyVersionRequest;
        return askJson<"POST /api/v1/policies/{id}/versions">(`/api/v1/policies/${slug}/versions`, {
          method: "POST",
          body: { ...written, note: String(fields.get("note") ?? ""), ...(effective === "" ? {} : { effective }) },
        });
      })
      .then(() => {
        form.reset();
        onDone();
      })
      .catch(setError)
      .finally(() => setWorking(false));
  };
  return (
    <details>
      <summary>{m.training.issue}</summary>
      <div className="panel">
        <p className="quiet-text">{m.training.issueNote}</p>
        {error !== undefined && <Failure error={error} />}
        <form onSubmit={onSubmit}>
          <label>
            {m.training.file}
            <input type="file" name="file" accept=".json,application/json" required />
          </label>
          <label>
            {m.training.effective}
            <input type="date" name="effective" />
          </label>
          <label>
            {m.training.note}
            <input name="note" maxLength={500} />
          </label>
          <button type="submit" className="primary" disabled={isWorking}>
            {m.training.issue}
          </button>
        </form>
      </div>
    </details>
  );
}
