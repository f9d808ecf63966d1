/** The operator's JSON API: what is known of calls, what is owed, and another try for what got stuck. */
import { type Context, Hono, type MiddlewareHandler } from "hono";
import * as z from "zod";
import { readConfiguration } from "../config/channels.ts";
import type { Env } from "../env.ts";
import { exchangeAt } from "../exchange/at.ts";
import type { Edit } from "../exchange/edit.ts";
import type { Exchange } from "../exchange/exchange.ts";
import type { Search } from "../exchange/finder.ts";
import { type Page, type Place, together, written } from "../exchange/pages.ts";
import type { CallKey } from "../exchange/rows.ts";
import type { CallView } from "../exchange/views.ts";
import { parseJson, readBody } from "../hooks/body.ts";
import { notFound, type Problem, problem, unauthorized } from "../hooks/problem.ts";
import { listing, maxListed, none, parametersOf, recordingStates, replaying } from "./parameters.ts";
import { bearsToken, consoleToken } from "./token.ts";

type Api = Context<{ Bindings: Env }>;

export const api = new Hono<{ Bindings: Env }>();

/** Without a token to guard it the API is not there. */
api.use(async (c, next) => {
  if (consoleToken(c.env) === undefined) return problem(notFound);
  if (await bearsToken(c.req.raw, c.env)) return next();
  return problem(unauthorized, { "www-authenticate": "Bearer" });
});

/** What takes no parameters. */
const bare: MiddlewareHandler<{ Bindings: Env }> = async (c, next) => {
  const asked = parametersOf(c.req.raw, none);
  return asked instanceof Response ? asked : next();
};

/** Newest first, a page at a time. */
api.get("/calls", async (c) => {
  const asked = parametersOf(c.req.raw, listing);
  if (asked instanceof Response) return asked;
  const { channel, before, to, delivery, stuck, untold, recording, limit = maxListed, next, ...rest } = asked;
  if (!(await isKnown(c, channel))) return problem(unknownChannel);
  const deliveries = new Set([delivery, stuck && "stuck", untold && "untold"].filter((one) => one !== undefined));
  if (deliveries.size > 1) return c.json({ calls: [] });
  const search = {
    ...rest,
    ...recordingStates(recording),
    channel,
    to: earliest([to, before]),
    delivery: [...deliveries][0] as typeof delivery,
  };
  const { calls, next: end } = await listed(exchanges(c), search, next, limit);
  return c.json({ calls, next: end && written(end) });
});

/** How often the objects are asked for more before a page is handed out that is not full. */
const maxRounds = 10;

async function listed(
  exchanges: readonly DurableObjectStub<Exchange>[],
  search: Search & { channel?: string },
  after: Place | undefined,
  most: number,
): Promise<Page<CallView>> {
  const calls: CallView[] = [];
  let next = after;
  for (let round = 0; round < maxRounds; round++) {
    const query = { ...search, after: next, most: most - calls.length };
    const pages = await Promise.all(exchanges.map((exchange) => exchange.list(query)));
    const page = together<CallView>(pages, query.most);
    calls.push(...page.calls);
    next = page.next;
    if (next === undefined || calls.length >= most) break;
  }
  return { calls, next };
}

api.get("/calls/:channel/:call", bare, async (c) => {
  const shown = await inOneOf(c, async (exchange) => await exchange.show(keyIn(c)));
  return shown ? c.json(shown) : problem(notFound);
});

api.post("/calls/:channel/:call/replay", bare, async (c) => {
  const edit = await editIn(c);
  if (edit === "unreadable") return problem(noEdit);
  const replayed = await inOneOf(c, async (exchange) => await exchange.replay(keyIn(c), edit));
  switch (replayed?.kind) {
    case "replayed":
      return c.json({ replayed: 1, nextTryAt: replayed.nextTryAt }, 202);
    case "nothing":
      return problem({ ...nothingOwed, detail: replayed.because });
    case "misfit":
      return problem({ ...noEdit, detail: `${replayed.field} ${replayed.problem}`, field: replayed.field });
    case undefined:
      return problem(notFound);
  }
});

/**
 * All calls that wait, of one channel or of all: for the operator (`delivery=stuck`), or for their next try (`owed`). What is
 * changed of forms is meant for those that were refused, unless it is said otherwise.
 */
api.post("/calls/replay", async (c) => {
  const asked = parametersOf(c.req.raw, replaying);
  if (asked instanceof Response) return asked;
  const { channel, delivery } = asked;
  if (!(await isKnown(c, channel))) return problem(unknownChannel);
  const edit = await editIn(c);
  if (edit === "unreadable") return problem(noEdit);
  const which = delivery ? [delivery] : edit ? (["stuck"] as const) : (["stuck", "owed"] as const);
  const done = await Promise.all(exchanges(c).map((exchange) => exchange.replayAll({ channel, which, edit })));
  const sum = (name: "replayed" | "skipped") => done.reduce((total, one) => total + one[name], 0);
  const nextTryAt = earliest(done.map((one) => one.nextTryAt));
  return c.json({ replayed: sum("replayed"), skipped: sum("skipped"), nextTryAt }, 202);
});

/** Genuine webhooks that could not be understood, newest first. */
api.get("/malformed", bare, async (c) => {
  const lists = await Promise.all(exchanges(c).map((exchange) => exchange.listMalformed(maxListed)));
  return c.json({ webhooks: lists.flat().sort((a, b) => b.heardAt - a.heardAt) });
});

/** What each system is still owed, and since when. */
api.get("/stats", bare, async (c) => {
  const systems = await Promise.all(exchanges(c).map((exchange) => exchange.stats()));
  return c.json({ systems });
});

/** A stored recording by its key. */
api.get("/recordings/:key{.+}", bare, async (c) => {
  const key = c.req.param("key");
  const channel = readConfiguration(c.env).channels.get(key.split("/")[0] ?? "");
  const object = channel && (await c.env.RECORDINGS.get(key, { range: c.req.raw.headers }));
  if (!object) return problem(notFound);
  const headers = new Headers({ "accept-ranges": "bytes", "x-content-type-options": "nosniff" });
  object.writeHttpMetadata(headers);
  const { offset = 0, length = object.size } = object.range && "offset" in object.range ? object.range : {};
  const part = c.req.header("range") !== undefined && (length ?? 0) < object.size;
  if (part) headers.set("content-range", `bytes ${offset}-${(offset ?? 0) + (length ?? 0) - 1}/${object.size}`);
  return new Response(object.body, { status: part ? 206 : 200, headers });
});

const unknownChannel: Problem = { ...notFound, detail: "No such channel is configured, and no call of it is kept." };
const nothingOwed: Problem = { status: 409, title: "Nothing to send" };

const noEdit: Problem = {
  status: 400,
  title: "Not replayed",
  detail: 'Send nothing, or {"form": {"<field>": "<value>", "<field>[]": ["<id>"], "<field to leave out>": null}}.',
};

const value = z.union([z.string().min(1), z.array(z.string().min(1)).min(1), z.null()]);
const editBody = z.strictObject({ form: z.record(z.string(), value) });

/** What is to be changed of the form before it is sent again, where the request says so. */
async function editIn(c: Api): Promise<Edit | undefined | "unreadable"> {
  try {
    const text = new TextDecoder().decode(await readBody(c.req.raw));
    if (text.trim() === "") return undefined;
    return editBody.parse(parseJson(text)).form;
  } catch {
    return "unreadable";
  }
}

function keyIn(c: Api): CallKey {
  return { channel: c.req.param("channel") ?? "", call: c.req.param("call") ?? "" };
}

/** Whether the channel is configured, or calls of it are kept. */
async function isKnown(c: Api, channel: string | undefined): Promise<boolean> {
  if (channel === undefined || readConfiguration(c.env).channels.has(channel)) return true;
  return (await Promise.all(exchanges(c).map((exchange) => exchange.knows(channel)))).includes(true);
}

function earliest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((at) => at !== undefined);
  return known.length > 0 ? Math.min(...known) : undefined;
}

/** What the channel's own system answers, or else one where the channel was before it moved or went. */
async function inOneOf<T>(
  c: Api,
  ask: (exchange: DurableObjectStub<Exchange>) => Promise<T | undefined>,
): Promise<T | undefined> {
  const own = readConfiguration(c.env).channels.get(keyIn(c).channel)?.system;
  for (const exchange of exchanges(c).sort((a, b) => Number(b.name === own) - Number(a.name === own))) {
    const answer = await ask(exchange);
    if (answer !== undefined) return answer;
  }
  return undefined;
}

function exchanges(c: Api): DurableObjectStub<Exchange>[] {
  const systems = new Set([...readConfiguration(c.env).channels.values()].map(({ system }) => system));
  return [...systems].map((system) => exchangeAt(c.env, system));
}
