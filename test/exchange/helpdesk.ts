/** A helpdesk within reach of the objects: what an Exchange sends is done and answered here, without a network. */
import { vi } from "vitest";

export interface Ticket {
  /** What the form's URL named: the system, and the key of the channel. */
  readonly system: string;
  readonly key: string;
  readonly pbxCallId: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly statuses: string[];
  readonly comments: string[];
  files: number;
}

export interface Helpdesk {
  /** By the helpdesk's own id of the call, from 1. */
  readonly tickets: Ticket[];
  /** Each form that came, as `action key pbx_call_id call_status`. */
  readonly forms: string[];
  /** Whether each came with an authorization. */
  readonly authorized: boolean[];
  /** Answers of another server's: the PBX's. */
  elsewhere: (request: Request) => Response;
  /** What it does instead of its work, where it does. */
  mood: (fields: Readonly<Record<string, string>>) => Response | undefined;
  ticketOf(pbxCallId: string): Ticket | undefined;
}

const limits = { "x-rate-limit": "100000", "x-rate-limit-remaining": "99999" };

export function json(status: number, body: unknown): Response {
  return Response.json(body, { status, headers: limits });
}

/** Takes the place of `fetch` until the test's mocks are restored. */
export function openHelpdesk(): Helpdesk {
  const desk: Helpdesk = {
    tickets: [],
    forms: [],
    authorized: [],
    elsewhere: () => new Response("down", { status: 503 }),
    mood: () => undefined,
    ticketOf: (pbxCallId) => desk.tickets.find((ticket) => ticket.pbxCallId === pbxCallId),
  };
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const request = new Request(input as RequestInfo, init as RequestInit);
    const [, key = ""] = /\/api\/v2\/telephony\/calls\/([^/]+)\/$/.exec(new URL(request.url).pathname) ?? [];
    return key === "" ? desk.elsewhere(request) : answer(desk, request, decodeURIComponent(key));
  });
  return desk;
}

async function answer(desk: Helpdesk, request: Request, key: string): Promise<Response> {
  const form = await request.formData();
  const fields = Object.fromEntries(
    [...form].flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])),
  );
  const known =
    desk.tickets[Number(fields.call_id) - 1] ?? desk.tickets.find((one) => one.pbxCallId === fields.pbx_call_id);
  desk.forms.push([fields.action, key, fields.pbx_call_id ?? known?.pbxCallId, fields.call_status].join(" "));
  desk.authorized.push(request.headers.has("authorization"));
  const mood = desk.mood({ ...fields, pbx_call_id: fields.pbx_call_id ?? known?.pbxCallId ?? "" });
  if (mood) return mood;
  if (fields.action === "create_call") {
    const { origin: system } = new URL(request.url);
    const { pbx_call_id: pbxCallId = "" } = fields;
    desk.tickets.push({ system, key, pbxCallId, fields, statuses: [], comments: [], files: 0 });
  } else if (!known || known.key !== key) return json(404, { error: "no such call" });
  const ticket = fields.action === "create_call" ? desk.tickets.at(-1) : known;
  if (!ticket) return json(404, { error: "no such call" });
  if (fields.call_status) ticket.statuses.push(fields.call_status);
  if (fields.comment) ticket.comments.push(fields.comment);
  if (form.get("audio_record")) ticket.files++;
  const id = desk.tickets.indexOf(ticket) + 1;
  return json(200, { data: { call_id: id, ticket_id: 1000 + id, audio_record: ticket.files || null } });
}
