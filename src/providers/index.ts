/** The PBXs that Trunkline understands, by the name that a channel's `provider` gives. */
import type { Provider } from "./provider.ts";
import { twilio } from "./twilio.ts";
import { zadarma } from "./zadarma.ts";

/** A Map: a plain object would answer to "constructor" too. */
export const providers: ReadonlyMap<string, Provider> = new Map<string, Provider>(
  [twilio, zadarma].map((provider) => [provider.name, provider]),
);
