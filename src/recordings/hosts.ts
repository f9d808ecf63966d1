/** Where a recording may be fetched from. Every URL that we fetch is one that we built or one that passes here. */

/**
 * Whether `url` may be fetched: https on the default port on one of `hosts` (`.example.com` stands for every host below it),
 * or on the very origin of the channel's `api`.
 */
export function allowed(url: URL, hosts: readonly string[], api: string | undefined): boolean {
  if (url.username !== "" || url.password !== "") return false;
  if (api !== undefined && url.origin === new URL(api).origin) return true;
  if (url.protocol !== "https:" || url.port !== "") return false;
  return hosts.some((host) => (host.startsWith(".") ? url.hostname.endsWith(host) : url.hostname === host));
}
