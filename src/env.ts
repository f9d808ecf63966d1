/** What the platform hands to the Worker. Channels and secrets stand beside these by names of the user's. */
import type { Exchange } from "./exchange/exchange.ts";

export interface Env {
  readonly EXCHANGE: DurableObjectNamespace<Exchange>;
  readonly RECORDINGS: R2Bucket;
  /** Guards the console and the API; while it is not set, or too short, they are not there. */
  readonly CONSOLE_TOKEN?: string;
  /** Where the data lies, for good. */
  readonly JURISDICTION?: string;
}
