/** Sends mutants over real HTTP, by connections that are kept. */

import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { maxBodyBytes } from "../../src/hooks/body.ts";
import type { Wire } from "./draft.ts";

export interface Answer {
  /** 0: none came. */
  readonly status: number;
  /** In seconds, where it says when to come again. */
  readonly retryAfter?: number;
}

export class Post {
  readonly #agent: Agent;
  readonly #origin: string;

  constructor(origin: string, connections: number) {
    this.#origin = origin;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  /** A connection that was closed while it was unused may be found out only now: then there is one more try. */
  async send(wire: Wire): Promise<Answer> {
    const answer = (await this.#ask(wire)) ?? (await this.#ask(wire));
    if (answer) return answer;
    // Whoever goes on sending what is not read may be hung up on before the answer came.
    return { status: (wire.body?.length ?? 0) > maxBodyBytes ? 413 : 0 };
  }

  close(): void {
    this.#agent.destroy();
  }

  async #ask({ method, target, headers, body }: Wire): Promise<Answer | undefined> {
    const sent = method === "GET" || method === "HEAD" ? undefined : body;
    const options = {
      agent: this.#agent,
      method,
      path: target,
      headers: { ...headers, "content-length": String(sent?.length ?? 0) },
    };
    const asking = request(this.#origin, options);
    try {
      const responded = once(asking, "response");
      asking.end(sent);
      const [response] = (await responded) as [IncomingMessage];
      response.resume();
      await once(response, "end");
      const wait = Number(response.headers["retry-after"]);
      return { status: response.statusCode ?? 0, ...(wait > 0 && { retryAfter: wait }) };
    } catch {
      asking.destroy();
      return undefined;
    }
  }
}
