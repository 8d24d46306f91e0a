// SPDX-License-Identifier: Apache-2.0
// How recordings of each make come in, beside the systems that do it by themselves.
import type { ReactNode } from "react";
import { m } from "../../app/messages.js";
import { Status, Table, type Tone } from "../../ui/parts.js";
import { MAKES, WAYS, type Make } from "./makes.js";

const TONES: Readonly<Record<Make["way"], Tone>> = { live: "ok", mount: "info", export: "due" };

export function Makes(): ReactNode {
  return (
    <section className="apart" aria-labelledby="makes-title">
      <h2 id="makes-title">{m.makes.title}</h2>
      <p className="quiet-text">{m.makes.lead}</p>
      <Table caption={m.makes.title} heads={[m.makes.make, m.makes.way, m.makes.how, m.makes.tried]}>
        {MAKES.map(({ make, way, how, tried }) => (
          <tr key={make}>
            <td className="name">{make}</td>
            <td>
              <Status tone={TONES[way]} word={WAYS[way]} />
            </td>
            <td>{how}</td>
            <td>{tried}</td>
          </tr>
        ))}
      </Table>
    </section>
  );
}
