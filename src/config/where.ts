/**
 * Where a Worker runs decides where its secrets are set. A Worker cannot tell dependably whether it is deployed or runs by
 * `wrangler dev`, so that it names both places; a command on the operator's machine knows.
 */
export interface Where {
  /** How to set a secret there. */
  readonly setSecret: (name: string) => string;
}

export const wherever: Where = {
  setSecret: (name) => `Run: npx wrangler secret put ${name}; for wrangler dev write it into .dev.vars`,
};

/** By `wrangler dev`, on this machine. */
export const local: Where = { setSecret: (name) => `Write ${name}="..." into .dev.vars` };

/** Deployed; `options` are those that name the Worker to wrangler. */
export function live(options: readonly string[]): Where {
  return { setSecret: (name) => `Run: ${["npx wrangler secret put", name, ...options].join(" ")}` };
}
