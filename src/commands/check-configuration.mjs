// What wrangler.toml names as its build command: wrangler runs it before it deploys, uploads or starts to serve, and stops
// where it fails. Plain JavaScript, since the machine's own Node.js may be older than what the check needs.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const windows = process.platform === "win32";
const brought = join(here, "..", "..", "node_modules", "node", "bin", windows ? "node.exe" : "node");

// Types do not depend on channels; and `npm run deploy` has checked already.
if (process.env.WRANGLER_COMMAND !== "types" && process.env.CONFIGURATION_CHECKED !== "true") {
  const runtime = existsSync(brought) ? brought : process.execPath;
  const { status, error } = spawnSync(runtime, [join(here, "check-configuration.ts")], { stdio: "inherit" });
  if (error) console.error(`The configuration could not be checked: ${error.message}`);
  process.exitCode = status ?? 1;
}
