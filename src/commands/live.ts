/** A Worker that was just deployed: whether it is well, and its webhook URLs. */

import type { Fault } from "../config/faults.ts";
import { spoken } from "../config/faults.ts";
import { secretName } from "../config/secrets.ts";
import type { Hook } from "./configuration.ts";

export interface Asking {
  readonly showSecrets: boolean;
  /** The console's, where it is known here. */
  readonly token?: string;
  readonly fetch?: typeof fetch;
  /** How long a new address may take to be there, in ms. */
  readonly patienceMs?: number;
}

/** Between two tries, in ms. */
const againMs = 2_000;

/** What there is to say of what wrangler wrote of the deployment; `well`: the Worker says that it is. */
export async function afterwards(
  deployed: string,
  hooks: readonly Hook[],
  asking: Asking,
): Promise<{ text: string; well: boolean }> {
  const [origin] = originsIn(deployed);
  if (origin === undefined) {
    const text = ["The Worker has no address of its own, so that /health could not be asked.", ...urls(hooks)];
    return { text: text.join("\n"), well: true };
  }
  const health = await healthOf(origin, asking);
  const told = asking.showSecrets ? health?.hooks : undefined;
  const hidden = asking.showSecrets && told === undefined ? [untold] : [];
  const text = [...spokenHealth(origin, health), ...urls(hooks, origin, told), ...hidden];
  return { text: text.join("\n"), well: health?.status === "ok" };
}

const untold =
  "The secret parts are told to who has the console's token: CONSOLE_TOKEN=... npm run deploy -- --show-secrets";

/** The addresses at which the Worker is now, by the lines of JSON that wrangler writes. */
export function originsIn(deployed: string): string[] {
  const entries = deployed.split("\n").flatMap((line) => (line.trim() === "" ? [] : [JSON.parse(line)]));
  const targets: unknown[] = entries.findLast(({ type }) => type === "deploy")?.targets ?? [];
  return targets.flatMap((target) => {
    const [, host] = /^(?:https?:\/\/)?([a-z0-9.-]+\.[a-z]+)(?: \(custom domain|\/?$)/i.exec(String(target)) ?? [];
    return host === undefined ? [] : [`https://${host}`];
  });
}

interface Health {
  readonly status: unknown;
  readonly channels?: number;
  readonly faults?: readonly Fault[];
  readonly warnings?: number;
  readonly warned?: readonly Fault[];
  /** Webhook URLs by channel. */
  readonly hooks?: Readonly<Record<string, string>>;
}

/** The Worker's own answer, once it gives one. */
async function healthOf(
  origin: string,
  { showSecrets, token, fetch: ask = fetch, patienceMs = 60_000 }: Asking,
): Promise<Health | undefined> {
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token.trim()}` } : {};
  const url = `${origin}/health${showSecrets ? "?secrets=shown" : ""}`;
  for (const deadline = Date.now() + patienceMs; ; ) {
    try {
      const answer = await ask(url, { headers, signal: AbortSignal.timeout(10_000) });
      const health: unknown = await answer.json();
      if (typeof health === "object" && health !== null && "status" in health) return health as Health;
    } catch {
      // The address is not known yet, or shows a page of Cloudflare's until it is.
    }
    if (Date.now() + againMs > deadline) return undefined;
    await new Promise((resolve) => setTimeout(resolve, againMs));
  }
}

function spokenHealth(origin: string, health: Health | undefined): string[] {
  if (!health) return [`${origin}/health does not answer yet. Look again in a minute`];
  const state = health.status === "ok" ? "ok" : "misconfigured";
  const warnings = health.warned ?? [];
  const counted = health.warnings ? [`, warnings: ${health.warnings}`] : [];
  return [
    `${origin}/health: ${state}${counted.join("")}`,
    ...(health.faults ?? []).map((fault) => `  ✘ ${spoken(fault)}`),
    ...warnings.map((warning) => `  ▲ ${spoken(warning)}`),
  ];
}

/** A line for each channel; the secret part is hidden unless the Worker told it. */
function urls(hooks: readonly Hook[], origin = "https://<worker>", told: Health["hooks"] = {}): string[] {
  if (hooks.length === 0) return [];
  const width = Math.max(...hooks.map(({ channel }) => channel.length));
  return [
    "Webhook URLs, to be given to the PBX:",
    ...hooks.map(({ channel, base, secret }) => {
      const name = secretName(channel, "HOOK_SECRET");
      const part = secret === false ? "" : secret ? `/<${name}>` : `, or with /<${name}> after it if that is set`;
      return `  ${channel.padEnd(width)}  ${told[channel] ?? `${base ?? origin}/hooks/${channel}${part}`}`;
    }),
  ];
}
