// SPDX-License-Identifier: Apache-2.0
// The forms that a report is handed out in.
import type { ReactNode } from "react";
import { m } from "../../app/messages.js";

const FORMS = ["pdf", "html", "csv"] as const;

export function Files({ path, of }: { readonly path: string; readonly of: string }): ReactNode {
  return (
    <span className="row links">
      {FORMS.map((form) => (
        <a key={form} href={`${path}${path.includes("?") ? "&" : "?"}format=${form}`} download aria-label={m.reports.fileOf(m.reports.forms[form], of)}>
          {m.reports.forms[form]}
        </a>
      ))}
    </span>
  );
}
