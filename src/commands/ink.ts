/** Colours for people: where a terminal shows them, and not in a file, a pipe or a log of CI. */
import { env, stdout } from "node:process";
import pc from "picocolors";

export const ink = pc.createColors(stdout.isTTY === true && !env.NO_COLOR && env.TERM !== "dumb");
