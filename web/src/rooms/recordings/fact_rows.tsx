// SPDX-License-Identifier: Apache-2.0
// Facts with their names, and "unknown" where there is none.
import type { ReactNode } from "react";
import { m } from "../../app/messages.js";

export type FactRow = readonly [string, ReactNode];

export function FactRows({ rows }: { readonly rows: readonly FactRow[] }): ReactNode {
  return (
    <dl>
      {rows.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value ?? <span className="quiet-text">{m.recording.unknown}</span>}</dd>
        </div>
      ))}
    </dl>
  );
}
