/** The operator's JSON API: what is known of calls, what is owed, and another try for what got stuck. */
import { type Context, Hono } from "hono";
import * as z from "zod";
import { readConfiguration } from "../config/channels.ts";
import type { Env } from "../env.ts";
import { exchangeAt } from "../exchange/at.ts";
import type { Edit } from "../exchange/edit.ts";
import type { Exchange } from "../exchange/exchange.ts";
import type { CallKey } from "../exchange/rows.ts";
import { parseJson, readBody } from "../hooks/body.ts";
import { notFound, type Problem, problem, unauthorized } from "../hooks/problem.ts";
import { bearsToken, consoleToken } from "./token.ts";

/** How many calls one answer lists at most. */
const maxListed = 200;

type Api = Context<{ Bindings: Env }>;

export const api = new Hono<{ Bindings: Env }>();

/** Without a token to guard it the API is not there. */
api.use(async (c, next) => {
  if (consoleToken(c.env) === undefined) return problem(notFound);
  if (await bearsToken(c.req.raw, c.env)) return next();
  return problem(unauthorized, { "www-authenticate": "Bearer" });
});

/**
 * Newest first: `?channel=` narrows, `?stuck=true` lists those that wait for the operator, `?untold=true` those that are
 * not told, `?before=` pages on.
 */
api.get("/calls", async (c) => {
  const asked = listing.safeParse(c.req.query());
  if (!asked.success) return unreadable(asked.error);
  const query = { ...asked.data, most: maxListed };
  const lists = await Promise.all(exchanges(c).map((exchange) => exchange.list(query)));
  const calls = lists.flat().sort((a, b) => b.startedAt - a.startedAt);
  return c.json({ calls: calls.slice(0, maxListed) });
});

api.get("/calls/:channel/:call", async (c) => {
  const shown = await inOneOf(c, async (exchange) => await exchange.show(keyIn(c)));
  return shown ? c.json(shown) : problem(notFound);
});

api.post("/calls/:channel/:call/replay", async (c) => {
  const edit = await editIn(c);
  if (edit === "unreadable") return problem(noEdit);
  const replayed = await inOneOf(c, async (exchange) => await exchange.replay(keyIn(c), edit));
  if (replayed === undefined) return problem(notFound);
  if (replayed === "replayed") return c.json({ replayed: 1 }, 202);
  return problem({ ...noEdit, detail: `${replayed.field} ${replayed.problem}`, field: replayed.field });
});

/** All calls that wait for the operator, of one channel or of all. */
api.post("/calls/replay", async (c) => {
  const asked = narrowing.safeParse(c.req.query());
  if (!asked.success) return unreadable(asked.error);
  const { channel } = asked.data;
  const edit = await editIn(c);
  if (edit === "unreadable") return problem(noEdit);
  const counts = await Promise.all(exchanges(c).map((exchange) => exchange.replayStuck(channel, edit)));
  const sum = (name: "replayed" | "skipped") => counts.reduce((total, count) => total + count[name], 0);
  return c.json({ replayed: sum("replayed"), skipped: sum("skipped") }, 202);
});

/** Genuine webhooks that could not be understood, newest first. */
api.get("/malformed", async (c) => {
  const lists = await Promise.all(exchanges(c).map((exchange) => exchange.listMalformed(maxListed)));
  return c.json({ webhooks: lists.flat().sort((a, b) => b.heardAt - a.heardAt) });
});

/** What each system is still owed, and since when. */
api.get("/stats", async (c) => {
  const systems = await Promise.all(exchanges(c).map((exchange) => exchange.stats()));
  return c.json({ systems });
});

/** A stored recording by its key. */
api.get("/recordings/:key{.+}", async (c) => {
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

const whether = z.enum(["true", "false"]).transform((said) => said === "true");
const instant = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number);
const narrowing = z.strictObject({ channel: z.string().optional() });
const listing = narrowing.extend({
  stuck: whether.optional(),
  untold: whether.optional(),
  before: instant.optional(),
});

/** A parameter that is misspelt would narrow nothing, and all calls would look like those that were asked for. */
function unreadable({ issues: [issue] }: z.ZodError): Response {
  const named = issue?.code === "unrecognized_keys" ? issue.keys[0] : issue?.path.join(".");
  const field = /^\w{1,32}$/.test(named ?? "") ? named : undefined;
  const detail = "There are channel, stuck and untold (true or false), and before (ms since the epoch).";
  return problem({ status: 400, title: "Parameter not known, or not readable", detail, field });
}

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
