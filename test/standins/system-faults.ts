/** How a test makes the helpdesk misbehave. */
import type { Reply } from "./system-calls.ts";
import { frontPage } from "./system-front.ts";

/** What a rule sees of a request: its number from 1, and what of its form came before the file. */
export interface Seen {
  readonly n: number;
  readonly path: string;
  readonly action: string | undefined;
  readonly fields: Readonly<Record<string, string | string[]>>;
  /** Whether a recording comes with it. */
  readonly hasFile: boolean;
}

/** Asked once per request that is let in; `undefined` is the helpdesk's normal self. */
export type Rule = (seen: Seen) => Behaviour | undefined;

/**
 * `commit`: the work is done all the same. `laterMs`: it is done so much later by the stand-in's clock, whatever has become
 * of the connection. `drop`: the connection is lost `during` the upload of a file, or `before` or `after` the work. `html`:
 * 200 with a page. `front`: a page of what stands in front of the helpdesk, see system-front.ts. `early`: an answer that does
 * not wait for the file, as 413 does not. A delay with `commit` does the work first and answers late; without, both come
 * late.
 */
export type Behaviour =
  | (Commit & { readonly status: number; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> })
  | (Commit & { readonly html: true })
  | (Commit & { readonly front: number; readonly headers?: Readonly<Record<string, string>> })
  | (Commit & { readonly delayMs: number; readonly next?: Behaviour })
  | (Commit & { readonly until: Promise<unknown>; readonly next?: Behaviour })
  | { readonly drop: "during" | "after" }
  | { readonly drop: "before"; readonly laterMs?: number }
  | { readonly early: number };

interface Commit {
  readonly commit?: boolean;
  readonly laterMs?: number;
}

/** What a behaviour may do with a request. */
export interface Exchange {
  /** Does the work, at most once. */
  commit(): Reply;
  /** Does it so many ms later, unless it was done by then. */
  commitLater(afterMs: number): void;
  send(reply: Reply): void;
  drop(): void;
  /** Resolves after so many ms or with the promise; `false` where the stand-in was closed meanwhile. */
  wait(until: number | Promise<unknown>): Promise<boolean>;
}

/** Whether the file is not waited for. */
export function isEarly(behaviour: Behaviour | undefined): boolean {
  return behaviour !== undefined && ("early" in behaviour || ("drop" in behaviour && behaviour.drop === "during"));
}

export async function act(behaviour: Behaviour | undefined, exchange: Exchange): Promise<void> {
  if (!behaviour) return exchange.send(exchange.commit());
  if ("laterMs" in behaviour && behaviour.laterMs !== undefined) exchange.commitLater(behaviour.laterMs);
  if ("drop" in behaviour) {
    if (behaviour.drop === "after") exchange.commit();
    return exchange.drop();
  }
  if ("early" in behaviour) return exchange.send({ status: behaviour.early, body: { error: "as the test wants it" } });
  if (behaviour.commit) exchange.commit();
  if ("status" in behaviour) {
    const { status, body = { error: "as the test wants it" }, headers } = behaviour;
    return exchange.send({ status, body, headers });
  }
  if ("html" in behaviour) return exchange.send(page);
  if ("front" in behaviour) return exchange.send(frontPage(behaviour.front, behaviour.headers));
  const goesOn = await exchange.wait("until" in behaviour ? behaviour.until : behaviour.delayMs);
  if (goesOn) await act(behaviour.next, exchange);
}

/** What a proxy or a login page in front of the helpdesk says. */
const page: Reply = {
  status: 200,
  body: "<!doctype html><title>Sign in</title><h1>Please sign in</h1>",
  headers: { "content-type": "text/html; charset=utf-8" },
};

/** `false` where it was aborted first. */
export function waited(until: number | Promise<unknown>, signal: AbortSignal): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = typeof until === "number" ? setTimeout(() => resolve(true), until) : undefined;
  const settle = () => resolve(true);
  if (typeof until !== "number") until.then(settle, settle);
  signal.addEventListener("abort", () => resolve(false), { once: true });
  if (signal.aborted) resolve(false);
  return promise.finally(() => clearTimeout(timer));
}
