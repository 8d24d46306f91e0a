// SPDX-License-Identifier: Apache-2.0
// Enrolling a second factor: a passkey or an authenticator app, and the recovery codes that come with the first.
import { useState, type FormEvent, type ReactNode } from "react";
import { askJson } from "../api/client.js";
import type { TotpSecret } from "../api/schema.js";
import { Copy, Notice } from "../ui/parts.js";
import { TurnedDown } from "./factor.js";
import { m } from "./messages.js";
import { createPasskey } from "./passkeys.js";

const groups = (secret: string): string => secret.replace(/(.{4})(?=.)/g, "$1 ");

export async function addPasskey(name: string): Promise<readonly string[]> {
  const credential = await createPasskey(await askJson<"POST /api/v1/account/passkey-question">("/api/v1/account/passkey-question", { method: "POST" }));
  if (credential === undefined) throw new TurnedDown();
  return (await askJson<"POST /api/v1/account/passkeys">("/api/v1/account/passkeys", { method: "POST", body: { name, credential } })).recovery_codes;
}

/** A QR code of its rows; white around it, also in the dark: cameras look for it. */
function Qr({ rows }: { readonly rows: readonly string[] }): ReactNode {
  const size = rows.length;
  const path = rows.flatMap((row, y) => [...row].map((cell, x) => (cell === "1" ? `M${x} ${y}h1v1h-1z` : ""))).join("");
  return (
    <svg className="qr" viewBox={`-4 -4 ${size + 8} ${size + 8}`} role="img" aria-label={m.enroll.qr} shapeRendering="crispEdges">
      <rect x="-4" y="-4" width={size + 8} height={size + 8} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}

interface AppFormProps {
  readonly secret: TotpSecret;
  readonly onDone: (codes: readonly string[]) => void;
  readonly onFailed: (error: unknown) => void;
  readonly children?: ReactNode;
}

export function AppForm({ secret, onDone, onFailed, children }: AppFormProps): ReactNode {
  const [isWorking, setWorking] = useState(false);
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = event.currentTarget;
    const fields = new FormData(form);
    setWorking(true);
    askJson<"POST /api/v1/account/totp/confirm">("/api/v1/account/totp/confirm", {
      method: "POST",
      body: { code: String(fields.get("code")), name: String(fields.get("name")) },
    }).then(
      ({ recovery_codes }) => onDone(recovery_codes),
      (error: unknown) => {
        onFailed(error);
        setWorking(false);
        form.querySelector<HTMLInputElement>("[name=code]")?.select();
      },
    );
  };
  return (
    <form onSubmit={submit} className="stack">
      <p>{m.enroll.appStep}</p>
      <Qr rows={secret.qr} />
      <p className="mono">
        <span className="quiet-text">{m.enroll.key}</span> {groups(secret.secret)} <Copy text={secret.secret} what={m.enroll.key} />
      </p>
      <label>
        {m.enroll.code}
        <input name="code" type="text" inputMode="numeric" autoComplete="one-time-code" required autoFocus />
      </label>
      <label>
        {m.enroll.name}
        <input name="name" type="text" autoComplete="off" maxLength={80} />
      </label>
      <div className="row end">
        {children}
        <button type="submit" className="primary" disabled={isWorking}>
          {m.enroll.confirm}
        </button>
      </div>
    </form>
  );
}

export function RecoveryCodes({ codes, onKept }: { readonly codes: readonly string[]; readonly onKept: () => void }): ReactNode {
  return (
    <>
      <Notice tone="due">
        <p>{m.enroll.codesNote}</p>
      </Notice>
      <ol className="codes mono">
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ol>
      <div className="row end">
        <Copy text={codes.join("\n")} what={m.enroll.copyCodes} />
        <button type="button" className="primary" onClick={onKept} autoFocus>
          {m.enroll.codesKept}
        </button>
      </div>
    </>
  );
}
