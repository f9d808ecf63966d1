/**
 * Proof that the books can fail: each of these cuts one of Trunkline's mechanisms out of its sources, and a run must show
 * the loss then.
 */
import { cp, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Wrong } from "./ledger.ts";

export interface Sabotage {
  /** What Trunkline does without it. */
  readonly name: string;
  /** What the books must show then, one of these at least. */
  readonly shows: readonly Wrong[];
  /** Below `src`. */
  readonly file: string;
  /** Each text must occur exactly once. */
  readonly cuts: readonly (readonly [text: string, instead: string])[];
}

export const sabotages: readonly Sabotage[] = [
  {
    name: "asking before a second create",
    shows: ["doubled"],
    file: "exchange/outbox.ts",
    cuts: [["create && !create.mute", "create && create.mute"]],
  },
  {
    name: "believing what was believed though the operator replays",
    shows: ["doubled", "doubled recordings"],
    file: "exchange/told.ts",
    cuts: [["    ...told,\n    edit,\n", "    ...told,\n    belief: absent,\n    edit,\n"]],
  },
  {
    name: "hearing twice that a call is absent",
    shows: ["doubled"],
    file: "exchange/belief.ts",
    cuts: [
      [
        'if (absentAt === undefined) return { is: "unsettled", create: { ...create, absentAt: sentAt }, word };',
        'if (absentAt === undefined) return { is: "absent", word };',
      ],
    ],
  },
  {
    name: "marking a create before it leaves",
    shows: ["doubled"],
    file: "exchange/deliveries.ts",
    cuts: [["store.putCall({ ...row, told: inDoubt(row.told, step, givenUpAt) });", "store.putCall(row);"]],
  },
  {
    name: "saying the last word again",
    shows: ["cards left", "wrong status"],
    file: "exchange/outbox.ts",
    cuts: [
      [
        'const again = told.belief.is === "there" ? undefined : repeat(call, told);',
        "const again = undefined;\n  repeat;",
      ],
    ],
  },
  {
    name: "taking a no from the system alone",
    shows: ["doubled", "left owed"],
    file: "system/outcome.ts",
    cuts: [
      ['return isObject && (!rated || headers.has("x-rate-limit"));', "return isObject || true || rated || headers;"],
    ],
  },
  {
    name: "creating once more where nothing can be asked",
    shows: ["lost", "left owed"],
    file: "exchange/settle.ts",
    cuts: [
      [
        'return { told: { ...told, ...said(outcome), belief: unaskable(told.belief) }, consequence: "none" };',
        'unaskable;\n  return { told: { ...told, ...said(outcome), notBefore: never }, consequence: "none" };',
      ],
    ],
  },
  {
    name: "holding a lost recording back until the system is surely done",
    shows: ["doubled recordings"],
    file: "exchange/settle.ts",
    cuts: [['if (belief.is !== "there") return { told: found, consequence: "none" };\n', ""]],
  },
  {
    name: "keeping the system's ids to the last digit",
    shows: ["done untold", "wrong status", "left owed"],
    file: "system/outcome.ts",
    cuts: [["(context?.source ?? value)", "String(context ? value : value)"]],
  },
  {
    name: "saying a comment once",
    shows: ["comments twice"],
    file: "exchange/settle.ts",
    cuts: [
      ["const { comment = told.comment, remark = told.remark } = step.tells;", "const { comment, remark } = told;"],
    ],
  },
  {
    name: "an alarm for whatever is owed or open",
    shows: ["without alarm", "lost", "wrong status"],
    file: "exchange/exchange.ts",
    cuts: [["owing.length > 0 || this.#desk.store.hasOpen() ? now + maxSleepMs : undefined", "undefined"]],
  },
  {
    name: "keeping the mode that a call began with",
    shows: ["cards left", "wrong status"],
    file: "exchange/planner.ts",
    cuts: [["const mode = known?.mode ?? channel.delivery;", "const mode = channel.delivery;"]],
  },
  {
    name: "keeping to the key that a call was created under",
    shows: ["left owed", "doubled", "lost", "wrong status"],
    file: "config/keys.ts",
    cuts: [
      [
        "keyDigest(channel, key) === digest)",
        "keyDigest(channel, key) === digest && key === channel.secrets.channelKey)",
      ],
    ],
  },
  {
    name: "trying a fresh call though others fail",
    shows: ["cards late"],
    file: "exchange/whole.ts",
    cuts: [
      ["const counts = failure.fresh && !known.includes(failure.call);", "const counts = true;"],
      [
        "return failedBefore ? trouble.until : probedAt + probeMs;",
        "return failedBefore ? trouble.until : trouble.until;",
      ],
    ],
  },
  {
    name: "heeding a 429",
    shows: ["limit breaches"],
    file: "exchange/deliveries.ts",
    cuts: [['outcome.kind === "limited" ? pause(wiser, now, outcome.why, outcome.waitMs) : wiser', "wiser"]],
  },
  {
    name: "counting the requests of a minute",
    shows: ["limit breaches"],
    file: "exchange/governor.ts",
    cuts: [
      [
        "return { ...governor, sent: [...sent, now], whose: [...whose, channel], seen: [...seen, [channel, now]] };",
        "return governor;",
      ],
    ],
  },
  {
    name: "leaving others their share",
    shows: ["limit breaches"],
    file: "exchange/governor.ts",
    cuts: [["limit - othersNeed(governor, limit, now)", "limit - 0 * othersNeed(governor, limit, now)"]],
  },
  {
    name: "remembering the limit over a restart",
    shows: ["limit breaches"],
    file: "exchange/store.ts",
    cuts: [
      ['return this.#recall<Governor>("governor") ?? idle;', "return (this as { kept?: Governor }).kept ?? idle;"],
      ['this.#remember("governor", governor);', "(this as { kept?: Governor }).kept = governor;"],
    ],
  },
  {
    name: "the alarm",
    shows: ["lost"],
    file: "exchange/exchange.ts",
    cuts: [["this.#alarmAt = undefined;\n    this.#pump();", "this.#alarmAt = undefined;"]],
  },
  {
    name: "another try after an unknown outcome",
    shows: ["left owed"],
    file: "exchange/settle.ts",
    cuts: [["const notBefore = givenUp ? never :", "const notBefore = givenUp || true ? never :"]],
  },
  {
    name: "final means final",
    shows: ["reopened"],
    file: "exchange/outbox.ts",
    cuts: [
      ["return told !== undefined && finals.has(told) && !finals.has(desired) ? told : desired;", "return desired;"],
    ],
  },
  {
    name: "checking signatures",
    shows: ["forged accepted"],
    file: "hooks/receive.ts",
    cuts: [["return verdict.genuine ? heed(", "return verdict ? heed("]],
  },
  {
    name: "answering only what is stored",
    shows: ["lost", "wrong status"],
    file: "hooks/receive.ts",
    cuts: [
      [
        "heardAt: hook.receivedAt })),\n        );",
        "heardAt: hook.receivedAt })),\n        ).catch(() => ({ fresh: 0 }));",
      ],
    ],
  },
  {
    name: "one transaction for an event and its plan",
    shows: ["lost", "wrong status", "left owed"],
    file: "exchange/desk.ts",
    cuts: [["return this.#ctx.storage.transactionSync(change);", "return change();"]],
  },
  {
    name: "taking a repeated event for the same",
    shows: ["left owed", "wrong status", "other violations"],
    file: "exchange/store.ts",
    cuts: [["VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING 1", "VALUES (?, ?, ?, ?, ?) RETURNING 1"]],
  },
  {
    name: "noticing a download that broke off",
    shows: ["different recordings"],
    file: "recordings/download.ts",
    cuts: [['} else if (chunk === "end" && this.#at === (this.length ?? this.#at)) {', "} else if (true) {"]],
  },
  {
    name: "telling an attach that was done from one that was lost",
    shows: ["doubled recordings"],
    file: "exchange/settle.ts",
    cuts: [["(told.attaching !== undefined && audio !== told.audio)", "false"]],
  },
  {
    name: "asking again for a recording",
    shows: ["missing recordings"],
    file: "exchange/recording-row.ts",
    cuts: [['if (result.kind !== "never" && dueAt <= deadline)', "if (dueAt < 0)"]],
  },
];

/** `source` without the mechanism. Throws where the mechanism is not found, or at several places. */
export function sabotaged(source: string, { name, file, cuts }: Sabotage): string {
  return cuts.reduce((rest, [text, instead]) => {
    if (rest.split(text).length !== 2) throw new Error(`"${name}" is not found once in ${file}: ${text}`);
    return rest.replace(text, () => instead);
  }, source);
}

const root = join(import.meta.dirname, "..", "..");

/** A copy in the folder `into` of what the worker of a run is built from, without the mechanism. */
export async function sabotagedSources(into: string, sabotage: Sabotage): Promise<void> {
  const parts = ["src", "test/chaos", "wrangler.toml", "package.json", "tsconfig.json"];
  for (const part of parts) await cp(join(root, part), join(into, part), { recursive: true });
  await symlink(join(root, "node_modules"), join(into, "node_modules"), "dir");
  const file = join(into, "src", sabotage.file);
  await writeFile(file, sabotaged(await readFile(file, "utf8"), sabotage));
}
