// SPDX-License-Identifier: Apache-2.0
// Whoever was asked for files, as the server knows them: by the link, perhaps a code, and then a token that this page alone keeps.
import { type Address, type Answer, Offline, readProblem, type Route } from "../../api/client.js";
import type { FileRequestMine, FileRequestSession } from "../../api/schema.js";
import type { Means } from "../upload/queue.js";
import { outcomeBy, type Sender, tusBy } from "../upload/tus.js";

const SESSION = "/api/v1/file-requests/session";

export class Guest {
  private token = "";
  private code = "";
  private mine: FileRequestMine | undefined;

  constructor(private readonly link: string) {}

  /** Lets this browser in; throws what the server says against it. */
  async enter(code = this.code): Promise<FileRequestMine> {
    const response = await ask(SESSION, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ link: this.link, ...(code === "" ? {} : { code }) }),
    });
    this.token = ((await response.json()) as FileRequestSession).token;
    this.code = code;
    return this.look();
  }

  async look(): Promise<FileRequestMine> {
    return (this.mine = await this.askJson("/api/v1/file-requests/mine"));
  }

  async askJson<R extends Route>(path: Address<R>): Promise<Answer<R>> {
    return (await (await ask(path, { headers: this.headers() })).json()) as Answer<R>;
  }

  /** Its receipt, or undefined while no published checkpoint covers it. */
  async receipt(recording: string): Promise<Blob | undefined> {
    const { files } = await this.look();
    const address = files.find((file) => file.recording === recording)?.receipt ?? null;
    return address === null ? undefined : (await ask(address, { headers: this.headers() })).blob();
  }

  /** Moves files. `over`: the link is none any more, in the server's words. */
  means(over: (error: unknown) => void): Means {
    const sender: Sender = {
      headers: () => this.headers(),
      who: () => this.link,
      // The same file, begun here or on another phone.
      earlier: (file, metadata) => {
        const found = this.mine?.under_way.find(
          (each) => each.state === "receiving" && each.filename === file.name && each.bytes === file.size && each.sha256 === metadata["sha256"],
        );
        return found === undefined ? undefined : `/api/v1/uploads/${found.upload}`;
      },
      over: (_begun, again, stop) => {
        this.enter().then(again, (error: unknown) => {
          stop(error instanceof Error ? error.message : String(error));
          over(error);
        });
      },
    };
    const outcome = async (url: string): ReturnType<Means["outcome"]> => {
      const came = await outcomeBy((address) => this.askJson(address), url);
      // What was refused counts until it is gone, and is of no use to anybody.
      if (came.state === "refused") await ask(url, { method: "DELETE", headers: { ...this.headers(), "Tus-Resumable": "1.0.0" } }).catch(() => undefined);
      return came;
    };
    return { transfer: tusBy(sender), outcome };
  }

  private headers(): Readonly<Record<string, string>> {
    return { Authorization: `Bearer ${this.token}` };
  }
}

async function ask(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { ...init, credentials: "omit", cache: "no-store" });
  } catch {
    throw new Offline("The server cannot be reached");
  }
  if (response.ok) return response;
  throw readProblem(response.status, await response.text());
}
