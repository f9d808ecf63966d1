/** What a person at the helpdesk sees: cards of the calls that are active, and the tickets, renewed every second. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { System } from "./system.ts";
import type { AudioStore } from "./system-audio.ts";
export function showPage(
  _request: IncomingMessage,
  _response: ServerResponse,
  _system: System,
  _audios: AudioStore,
): boolean {
  return false;
}
