// SPDX-License-Identifier: Apache-2.0
// Whether a policy or a course comes before a camera is handed out, and to change that.
import type { ReactNode } from "react";
import { askJson } from "../../api/client.js";
import type { TrainingRequirement } from "../../api/schema.js";
import { AskDialog, ReasonField, type DoneProps } from "../../app/ask.js";
import { m } from "../../app/messages.js";
import { Name } from "../../ui/parts.js";

export function Requirement({ of }: { readonly of: TrainingRequirement }): ReactNode {
  if (!of.required) return <span className="quiet-text">{m.training.notRequired}</span>;
  return <Name text={of.unit === null ? m.training.required : m.training.requiredOf(of.unit.name)} />;
}

export function RequiredFields({ of }: { readonly of?: TrainingRequirement }): ReactNode {
  return (
    <>
      <label className="check">
        <input type="checkbox" name="required" defaultChecked={of?.required ?? true} />
        {m.training.isRequired}
      </label>
      <label>
        {m.training.unit}
        <input name="unit" maxLength={200} defaultValue={of?.unit?.name ?? ""} />
      </label>
    </>
  );
}

interface RequireProps extends DoneProps {
  readonly what: { readonly policy: string } | { readonly course: string };
  readonly title: string;
  readonly of: TrainingRequirement;
}

export function RequireDialog({ what, title, of, onClose, onDone }: RequireProps): ReactNode {
  return (
    <AskDialog
      title={title}
      note={m.training.requireNote}
      submit={m.training.save}
      onClose={onClose}
      onDone={onDone}
      ask={(text) => askJson<"PUT /api/v1/training/requirements">("/api/v1/training/requirements", { method: "PUT", body: { ...what, required: text("required") !== "", unit: text("unit"), reason: text("reason") } })}
    >
      <RequiredFields of={of} />
      <ReasonField />
    </AskDialog>
  );
}
