// SPDX-License-Identifier: Apache-2.0
// That something has been read: signed by name, with a note if there is something to say.
import type { ReactNode } from "react";
import { AskDialog, type DoneProps } from "../../app/ask.js";
import { m } from "../../app/messages.js";

interface SignProps extends DoneProps {
  readonly title: string;
  readonly note: string;
  readonly sign: (note: string) => Promise<unknown>;
}

export function SignDialog({ title, note, sign, onClose, onDone }: SignProps): ReactNode {
  return (
    <AskDialog title={title} note={note} submit={title} ask={(text) => sign(text("note"))} onClose={onClose} onDone={onDone}>
      <label>
        {m.oversight.noteOptional}
        <input name="note" maxLength={500} autoFocus />
      </label>
    </AskDialog>
  );
}
