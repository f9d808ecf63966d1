/** The helpdesk over HTTP: one request after the other, from its first line to its answer. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { System, SystemOptions, SystemRequest } from "./system.ts";
import { AudioStore } from "./system-audio.ts";
import { Register, type Reply, type SystemCall, type Ticket } from "./system-calls.ts";
import { formFaults } from "./system-checks.ts";
import { act, type Behaviour, type Exchange, isEarly, type Rule, type Seen, waited } from "./system-faults.ts";
import { Form, HungUp, readForm } from "./system-form.ts";
import { channelKeyOf, refusal, refuse } from "./system-gate.ts";
import { LateWork } from "./system-late.ts";
import { RateLimit } from "./system-limit.ts";
import { showPage } from "./system-page.ts";

export class Helpdesk implements System {
  url = "";
  readonly requests: SystemRequest[] = [];
  readonly violations: string[] = [];
  readonly #options: SystemOptions;
  readonly #now: () => number;
  readonly #limit: RateLimit;
  readonly #register: Register;
  readonly #late: LateWork;
  readonly #audios = new AudioStore();
  readonly #server: Server;
  readonly #watchers = new Set<() => void>();
  #rule: Rule | undefined;
  #ending = new AbortController();

  constructor(options: SystemOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#limit = new RateLimit(options.limit ?? 300, this.#now);
    this.#register = new Register(options);
    this.#late = new LateWork(this.#now);
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch((error) => {
        this.violations.push(`the stand-in itself failed: ${error}`);
        response.destroy();
      });
    });
    this.#server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
      const gone = !error.code?.startsWith("HPE_") || error.code === "HPE_INVALID_EOF_STATE";
      if (!gone) this.violations.push(`not HTTP: ${error.message}`);
      if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    });
  }

  async listen(port: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once("error", reject).listen(port, "127.0.0.1", resolve);
    await promise;
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get calls(): readonly SystemCall[] {
    this.catchUp();
    return this.#register.calls;
  }

  get tickets(): readonly Ticket[] {
    return this.calls.map(({ ticket }) => ticket);
  }

  get limit(): number {
    return this.#limit.limit;
  }

  get uses(): number {
    return this.#limit.uses;
  }

  get blockedUntil(): number {
    return this.#limit.blockedUntil;
  }

  get late(): number {
    return this.#late.waiting;
  }

  catchUp(): void {
    this.#late.catchUp();
  }

  doubled(): string[] {
    this.catchUp();
    return this.#register.doubled();
  }

  behave(rule: Rule | undefined): void {
    this.#rule = rule;
  }

  othersUse(count: number): void {
    this.#limit.othersUse(count);
  }

  block(): void {
    this.#limit.block();
  }

  until(holds: () => boolean, withinMs = 10_000): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const watch = () => holds() && resolve();
    const late = () => reject(new Error(`not within ${withinMs} ms: ${holds}`));
    const timer = setTimeout(late, withinMs);
    this.#watchers.add(watch);
    watch();
    return promise.finally(() => {
      clearTimeout(timer);
      this.#watchers.delete(watch);
    });
  }

  reset(): void {
    this.#ending.abort();
    this.#ending = new AbortController();
    this.#rule = undefined;
    this.requests.length = 0;
    this.violations.length = 0;
    this.#register.reset();
    this.#late.forget();
    this.#limit.reset();
    this.#audios.forget();
  }

  async close(): Promise<void> {
    this.#ending.abort();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#server.closeAllConnections();
    await promise;
    await this.#audios.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "" } = request;
    this.catchUp();
    if (!url.startsWith("/api/")) {
      if (!showPage(request, response, this, this.#audios)) this.#strange(request, response);
      return;
    }
    const entry: SystemRequest = { n: this.requests.length + 1, at: this.#now(), method, path: url, fields: {} };
    const began = performance.now();
    this.requests.push(entry);
    response.once("close", () => {
      if (!response.writableFinished) entry.status = 0;
      entry.ms = performance.now() - began;
      this.#tell();
    });
    const refused = refusal(request, this.#limit, this.#options);
    if (!refused) return this.#deliver(request, response, entry);
    for (const fault of refused.faults ?? []) this.#violated(entry, fault);
    this.#answer(response, refused, entry);
    request.resume();
  }

  async #deliver(request: IncomingMessage, response: ServerResponse, entry: SystemRequest): Promise<void> {
    const form = new Form();
    const { signal } = this.#ending;
    const exchange = this.#exchange(response, form, entry, signal);
    let behaviour: Behaviour | undefined;
    const reached = () => {
      const { n, path } = entry;
      Object.assign(entry, { action: form.get("action"), fields: form.fields });
      behaviour = this.#ask({ n, path, action: entry.action, fields: entry.fields, hasFile: form.files.length > 0 });
      if (!isEarly(behaviour)) return "read";
      void act(behaviour, exchange);
      return "stop";
    };
    try {
      await readForm(request, form, this.#audios, reached);
    } catch (error) {
      if (error instanceof HungUp) return;
      throw error;
    }
    const [file] = form.files;
    Object.assign(entry, { action: form.get("action"), fields: form.fields });
    if (file?.audio) {
      const { name, type, bytes, sha256 } = file.audio;
      entry.file = { name, type, bytes, sha256 };
    }
    if (isEarly(behaviour)) return;
    if (signal.aborted) return exchange.drop();
    exchange.check();
    await act(behaviour, exchange);
  }

  /** A rule that throws, as a failed expectation does, must not be lost in the parser that called it. */
  #ask(seen: Seen): Behaviour | undefined {
    try {
      return this.#rule?.(seen);
    } catch (error) {
      this.violations.push(`request ${seen.n}: the test's rule threw: ${error}`);
      return { drop: "during" };
    }
  }

  #exchange(
    response: ServerResponse,
    form: Form,
    entry: SystemRequest,
    signal: AbortSignal,
  ): Exchange & { check(): void } {
    let refused: Reply | undefined;
    let done: Reply | undefined;
    return {
      check: () => {
        refused = this.#checked(form, entry);
      },
      commit: () => {
        this.catchUp();
        done ??= refused ?? this.#apply(form, entry, this.#now());
        return done;
      },
      commitLater: (afterMs) => {
        const at = this.#now() + afterMs;
        this.#late.add(at, () => {
          done ??= refused ?? this.#apply(form, entry, at, "late");
        });
        this.#tell();
      },
      send: (reply) => this.#answer(response, reply, entry),
      drop: () => void response.destroy(),
      wait: async (until) => {
        const goesOn = await waited(until, signal);
        if (!goesOn) response.destroy();
        return goesOn;
      },
    };
  }

  /** The rules are checked whatever the answer is going to be. */
  #checked(form: Form, entry: SystemRequest): Reply | undefined {
    const faults = formFaults(form, this.#options.arrays ?? "either");
    for (const fault of faults) this.#violated(entry, `${entry.action ?? "a form"}: ${fault}`);
    if (faults.length > 0) return { status: 400, body: { error: faults.join("; ") } };
    // Which installations lack it is not to be known beforehand: that breaks no rule.
    const { updateCall = true } = this.#options;
    if (entry.action !== "update_call" || updateCall === true) return undefined;
    return refuse(updateCall || 400, "unknown action");
  }

  /** A card that comes back by work that is `late` is the helpdesk's own doing. */
  #apply(form: Form, entry: SystemRequest, at: number, when: "at once" | "late" = "at once"): Reply {
    const key = channelKeyOf(entry.path) ?? "";
    const reply = this.#register.apply(this.#options.renamed?.get(key) ?? key, form, at);
    if (when === "at once") for (const fault of reply.faults ?? []) this.#violated(entry, fault);
    this.#tell();
    return reply;
  }

  #tell(): void {
    for (const watch of this.#watchers) watch();
  }

  #violated(entry: SystemRequest, fault: string): void {
    this.violations.push(`request ${entry.n}: ${fault}`);
  }

  #strange(request: IncomingMessage, response: ServerResponse): void {
    this.violations.push(`unexpected request: ${request.method} ${request.url}`);
    this.#send(response, refuse(404, "not found"));
    request.resume();
  }

  #answer(response: ServerResponse, reply: Reply, entry: SystemRequest): void {
    entry.status = reply.status;
    this.#send(response, reply);
  }

  #send(response: ServerResponse, { status, body, headers, front }: Reply): void {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const own = {
      "content-type": "application/json",
      "x-rate-limit": this.#limit.limit,
      "x-rate-limit-remaining": this.#limit.remaining,
    };
    response.writeHead(status, { ...(front ? {} : own), ...headers });
    response.end(text);
  }
}
