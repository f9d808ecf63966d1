/** What of Cloudflare's API `wrangler deploy` and `wrangler secret list` ask for, as far as they read the answers. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface Cloudflare {
  /** What makes wrangler ask here, logged in. */
  readonly env: Readonly<Record<string, string>>;
  /** The names of the Workers that were uploaded, in order. */
  readonly uploaded: readonly string[];
  close(): Promise<void>;
}

/** `secrets`: the names of those that the Worker of that name has. */
export async function startCloudflare(secrets: Readonly<Record<string, readonly string[]>>): Promise<Cloudflare> {
  const uploaded: string[] = [];
  const server = createServer(async (request, response) => {
    for await (const _ of request);
    const path = new URL(request.url ?? "", "http://localhost").pathname.replace("/accounts/account/", "");
    const [, worker = ""] = /^workers\/(?:scripts|workers|services)\/([^/]+)/.exec(path) ?? [];
    if (request.method === "PUT") uploaded.push(worker);
    const result = resultOf(path, secrets[worker] ?? []);
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ success: true, errors: [], messages: [], result }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    env: {
      CLOUDFLARE_API_BASE_URL: `http://127.0.0.1:${port}`,
      CLOUDFLARE_API_TOKEN: "cloudflare-token",
      CLOUDFLARE_ACCOUNT_ID: "account",
    },
    uploaded,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function resultOf(path: string, secrets: readonly string[]): unknown {
  if (path.endsWith("/secrets")) return secrets.map((name) => ({ name, type: "secret_text" }));
  if (path === "workers/subdomain") return { subdomain: "acme" };
  if (path.endsWith("/subdomain")) return { enabled: true, previews_enabled: false };
  if (path.endsWith("/deployments")) return { deployments: [] };
  if (path.endsWith("/settings")) return { bindings: [] };
  if (path.startsWith("workers/services/"))
    return { default_environment: { script: { last_deployed_from: "wrangler" } } };
  if (path.startsWith("workers/workers/")) return { id: "id", name: "name", subdomain: { enabled: true } };
  return { id: "id", tag: "tag", etag: "etag", deployment_id: "id", startup_time_ms: 1 };
}
