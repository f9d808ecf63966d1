/** The calls that Twilio tells of: everything it sends for each, and what the call is. */
import type { Story } from "../providers/conforms.ts";
import type { TwilioPbx } from "./twilio.ts";
import { incoming } from "./twilio-incoming.ts";
import { outgoing } from "./twilio-outgoing.ts";

export type Told = Omit<Story, "title">;
export type Tell = (pbx: TwilioPbx) => Told;

export function stories(pbx: TwilioPbx): Story[] {
  return [...incoming, ...outgoing].map(([title, tell]) => ({ title, ...tell(pbx) }));
}
