/** The cases that there are, and whether tickets are what a case expects. */
import { readdirSync, readFileSync } from "node:fs";
import { expect } from "vitest";
import type { Ticket } from "./play.ts";
import type { TwilioCase } from "./twilio-case.ts";
import type { ZadarmaCase } from "./zadarma-case.ts";

export function casesOf<T>(pbx: string): [name: string, told: T][] {
  const folder = `${import.meta.dirname}/${pbx}`;
  return readdirSync(folder).map((file) => [
    file.replace(/\.json$/, ""),
    JSON.parse(readFileSync(`${folder}/${file}`, "utf8")),
  ]);
}

/** Whether `said` is what is wanted, or one of what is. */
function fits<T>(wanted: T | readonly T[] | undefined, said: T): boolean {
  if (wanted === undefined) return true;
  return Array.isArray(wanted) ? wanted.includes(said) : wanted === said;
}

/** Each ticket is one that is wanted, and none is missing. */
export function expectTickets(tickets: readonly Ticket[], wanted: TwilioCase["expect"]["tickets"]): void {
  const left = [...tickets];
  for (const one of wanted) {
    const found = left.findIndex((ticket) => isWanted(ticket, one));
    if (found < 0 && one.optional) continue;
    expect(found, `${JSON.stringify(one)} is not among ${JSON.stringify(left)}`).not.toBe(-1);
    left.splice(found, 1);
  }
  expect(left).toEqual([]);
}

function isWanted(ticket: Ticket, one: TwilioCase["expect"]["tickets"][number]): boolean {
  const last = ticket.named.at(-1) ?? "";
  return (
    fits(one.direction, ticket.direction) &&
    fits(one.phone, ticket.phone) &&
    fits(one.status, ticket.status) &&
    fits(one.agents, last) &&
    fits(one.recordings, ticket.recordings) &&
    (one.comment === undefined || (ticket.comment ?? "").includes(one.comment)) &&
    !one.commentNot?.some((text) => ticket.comment?.includes(text))
  );
}

export function expectZadarma(tickets: readonly Ticket[], wanted: ZadarmaCase["expect"]): void {
  expect(tickets).toHaveLength(wanted.tickets);
  for (const { status, direction, phone, audience, named } of tickets) {
    const said = { status, direction, phone, last: named.at(-1) ?? "" };
    const right = {
      status: fits(wanted.status, status),
      direction: fits(wanted.direction, direction),
      phone: fits(wanted.phone, phone),
      last: fits(wanted.lastUser, said.last),
    };
    expect(right, JSON.stringify(said)).toEqual({ status: true, direction: true, phone: true, last: true });
    expect(named.filter((user) => wanted.notUsers?.includes(user))).toEqual([]);
    if (wanted.audienceAtCreate) expect(audience).toEqual(wanted.audienceAtCreate);
    expect(audience.filter((user) => wanted.audienceNot?.includes(user))).toEqual([]);
  }
  if (wanted.sameStatus) expect(new Set(tickets.map(({ status }) => status)).size).toBe(1);
}
