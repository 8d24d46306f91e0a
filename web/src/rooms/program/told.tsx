// SPDX-License-Identifier: Apache-2.0
// A field with everything that was said of it over time; conflicts stand side by side.
import type { ReactNode } from "react";
import type { ProgramStatement, ProgramTold } from "../../api/schema.js";
import { Claim } from "./claim.js";
import { marked, shownValue } from "./figures.js";

type Level = "h3" | "h4";

export function Told({ title, field, level }: { readonly title: string; readonly field: ProgramTold; readonly level: Level }): ReactNode {
  return field === null ? null : <Claims title={title} statements={field.statements} level={level} />;
}

interface ClaimsProps {
  readonly title: string;
  readonly statements: readonly ProgramStatement[];
  readonly level: Level;
}

export function Claims({ title, statements, level: Heading }: ClaimsProps): ReactNode {
  if (statements.length === 0) return null;
  return (
    <section>
      <Heading>{title}</Heading>
      <div className="claims">
        {statements.map((said) => (
          <Claim key={said.id} said={said} />
        ))}
      </div>
    </section>
  );
}

/** What stands, with what contradicts it; the fallback where nobody has said. */
export function standing(field: ProgramTold, fallback: string, words: Readonly<Record<string, string>> = {}): string {
  if (field === null || field.value === null || field.value === undefined) return fallback;
  const shown = (value: unknown): string => words[shownValue(value)] ?? shownValue(value);
  return [marked(shown(field.value), field.approximate), ...field.beside.map(shown)].join(" / ");
}
