/** Who may see what the operator sees. */
import { minTokenLength } from "../config/warnings.ts";
import { equal } from "../verify/equal.ts";

/** `CONSOLE_TOKEN` without the blanks that a shell or a form leaves around it; undefined where it is missing or too short. */
export function consoleToken(env: object): string | undefined {
  const token: unknown = Reflect.get(env, "CONSOLE_TOKEN");
  const text = typeof token === "string" ? token.trim() : "";
  return text.length < minTokenLength ? undefined : text;
}

/** Whether the request bears it. */
export async function bearsToken(request: Request, env: object): Promise<boolean> {
  const token = consoleToken(env);
  const [scheme, offered = ""] = (request.headers.get("authorization") ?? "").split(" ");
  return token !== undefined && scheme?.toLowerCase() === "bearer" && (await equal(offered, token));
}
