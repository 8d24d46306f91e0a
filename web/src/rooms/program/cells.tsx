// SPDX-License-Identifier: Apache-2.0
// Cells of tables about money: what is not known says so, and what is approximate is marked.
import type { ReactNode } from "react";
import type { ProgramAmount } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { marked, shownMoney } from "./figures.js";

export function Money({ text, isApproximate }: { readonly text: string | null; readonly isApproximate: boolean }): ReactNode {
  return <td className="number">{text === null ? m.program.unknown : marked(shownMoney(text), isApproximate)}</td>;
}

export function Amount({ amount }: { readonly amount: ProgramAmount }): ReactNode {
  return <Money text={amount?.amount ?? null} isApproximate={amount?.approximate ?? false} />;
}
