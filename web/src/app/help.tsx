// SPDX-License-Identifier: Apache-2.0
// The help sheet: what the keys do here, made from the actions themselves.
import { useState, type ReactNode } from "react";
import { Dialog } from "../ui/parts.js";
import { type Action, shownKeys } from "./actions.js";
import { m } from "./messages.js";
import { useActionList } from "./registry.js";
import { readSetting, writeSetting } from "./settings.js";

function Keys({ title, actions }: { readonly title: string; readonly actions: readonly Action[] }): ReactNode {
  if (actions.length === 0) return null;
  return (
    <>
      <h2>{title}</h2>
      <dl className="keys">
        {actions.map((action) => (
          <div key={action.id}>
            <dt>{action.label}</dt>
            <dd>
              {shownKeys(action.shortcut ?? "").map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </>
  );
}

export function HelpSheet({ onClose }: { readonly onClose: () => void }): ReactNode {
  const actions = useActionList().filter((action) => action.shortcut !== undefined && action.when?.() !== false);
  const [areSingleKeysOn, setSingleKeysOn] = useState(() => readSetting("singleKeys") !== "off");
  return (
    <Dialog title={m.help.title} onClose={onClose}>
      <Keys title={m.help.here} actions={actions.filter((action) => action.scope === "here")} />
      <Keys title={m.help.everywhere} actions={actions.filter((action) => action.scope === "everywhere")} />
      <label className="check">
        <input
          type="checkbox"
          checked={areSingleKeysOn}
          onChange={(event) => {
            setSingleKeysOn(event.target.checked);
            writeSetting("singleKeys", event.target.checked ? "on" : "off");
          }}
        />
        {m.help.singleKeys}
      </label>
      <p className="quiet-text">{m.help.singleKeysNote}</p>
      <div className="row end">
        <button type="button" className="primary" onClick={onClose}>
          {m.help.close}
        </button>
      </div>
    </Dialog>
  );
}
