// SPDX-License-Identifier: Apache-2.0
// A clip that came encrypted: opened in this browser by whoever has the agency's private key, under a view of the clip and one of its key object.
import { useEffect, useState, type ChangeEvent, type ReactNode } from "react";
import { askBytes } from "../../api/client.js";
import type { Clip, Purpose, Recording, View } from "../../api/schema.js";
import { m } from "../../app/messages.js";
import { Failure, Loading } from "../../ui/parts.js";
import { openView } from "./purpose.js";
import { readKeyObject, readPrivateKey, unlock, UNLOCK_BYTES_MAX } from "./unlock.js";

interface Props {
  readonly recording: Recording;
  readonly view: View;
  readonly keyClip: Clip;
  readonly said: { readonly purpose: Purpose; readonly case?: string | undefined };
  /** The player, of the clip as it can be watched. */
  readonly children: (shown: string) => ReactNode;
}

type State = { readonly is: "locked" } | { readonly is: "opening" } | { readonly is: "open"; readonly shown: string } | { readonly is: "failed"; readonly error: unknown };

export function Locked({ recording, view, keyClip, said, children }: Props): ReactNode {
  const [state, setState] = useState<State>({ is: "locked" });
  const shown = state.is === "open" ? state.shown : undefined;
  useEffect(() => () => {
    if (shown !== undefined) URL.revokeObjectURL(shown);
  }, [shown]);
  const open = async (file: File): Promise<string> => {
    const privateKey = readPrivateKey(await file.text());
    if (privateKey === undefined) throw new Error(m.locked.noPrivateKey);
    if (recording.bytes > UNLOCK_BYTES_MAX) throw new Error(m.locked.tooLarge);
    const keyView = await openView(keyClip, said);
    const wrapped = readKeyObject(new TextDecoder().decode(await askBytes(keyView.original)));
    if (wrapped === undefined) throw new Error(m.locked.noKeyObject);
    const sealed = await askBytes(view.original);
    const clip = await unlock(Uint8Array.from(sealed), wrapped, privateKey).catch(() => {
      throw new Error(m.locked.anotherKey);
    });
    return URL.createObjectURL(new Blob([clip], { type: recording.filetype || "video/mp4" }));
  };
  const choose = ({ currentTarget: { files } }: ChangeEvent<HTMLInputElement>): void => {
    const file = files?.[0];
    if (file === undefined) return;
    setState({ is: "opening" });
    open(file).then((address) => setState({ is: "open", shown: address }), (error: unknown) => setState({ is: "failed", error }));
  };
  if (state.is === "open") return children(state.shown);
  return (
    <section className="panel" aria-labelledby="locked-title">
      <h2 id="locked-title">{m.locked.title}</h2>
      <p>{m.locked.lead}</p>
      {state.is === "failed" && <Failure error={state.error} />}
      {state.is === "opening" ? (
        <Loading />
      ) : (
        <label className="file">
          {m.locked.privateKey}
          <input type="file" accept=".pem,.key" onChange={choose} />
        </label>
      )}
      <p className="quiet-text">{m.locked.note}</p>
    </section>
  );
}
