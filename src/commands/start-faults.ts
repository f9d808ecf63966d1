/** Why `npm start` does not start, and what to do: *where: what is wrong. What to do*, and it is run again after that. */
import { createServer } from "node:net";

/** The system's words for what may not or can't be written. */
const unwritable = new Set(["EACCES", "EPERM", "EROFS", "ENOTDIR", "EEXIST"]);

/** What packages say when one that they need is not there, or not whole. */
const unwhole = /node_modules|Could not resolve|Cannot find (module|package)|could not be found|another platform/i;

export function faultOf(error: unknown): string {
  const { code = "", path = "", message } = rootOf(error) as NodeJS.ErrnoException;
  const lines = message.trim().split("\n");
  const why = lines.find((line) => line.includes("ERROR:")) ?? lines[0];
  if (code === "ENOSPC" || code === "EDQUOT") return "disk: it is full. Make room";
  if (unwritable.has(code) && path !== "" && !path.includes("node_modules")) {
    return `folder ${path}: it can't be written (${code}). Allow it, or copy the project to a folder of your own`;
  }
  if (code.endsWith("MODULE_NOT_FOUND") || unwhole.test(message)) {
    return `packages: they are not whole (${why}). If npm is at work on them, wait for it; otherwise remove node_modules`;
  }
  return `worker: it fails (${why}). Mend that; if npm was at work meanwhile, remove node_modules`;
}

/** What caused what caused it. */
function rootOf(error: unknown): unknown {
  return error instanceof Error && error.cause instanceof Error ? rootOf(error.cause) : error;
}

/** Tries whether the worker may have the port; undefined where it may. */
export function portFault(port: number): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const server = createServer();
  server.once("error", ({ code }: NodeJS.ErrnoException) => {
    const why = code === "EADDRINUSE" ? "another program has it" : `it can't be had (${code})`;
    resolve(`port ${port}: ${why}. Choose another, or leave --port away for a free one`);
  });
  server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(undefined)));
  return promise;
}
