/** How the helpdesk fails during a run. */
import type { Behaviour, Rule, Seen, System } from "../standins/system.ts";
import type { Counts } from "./counts.ts";
import { type Random, random } from "./random.ts";

/** How often in a run the helpdesk shuts everybody out, and a channel. */
const maxBlocks = 4;
const maxLockouts = 3;
const lockoutMs = 45_000;
/** A request may be on its way when another is answered 429, in ms of the machine's clock. */
const underWayMs = 1_000;
/** How much earlier a silence may end: Trunkline's clock is a step behind the helpdesk's, in ms. */
const behindMs = 1_000;

export interface SystemFaults {
  readonly rule: Rule;
  /** Calls whose recording was once answered 413. */
  readonly tooLarge: ReadonlySet<string>;
  /** Requests that came though a 429 had asked for silence. */
  readonly breaches: readonly string[];
  /** A 429 was given since this was last asked: one that says for how long, or one that does not. */
  blocked(): "for a while" | "without end" | undefined;
  /** Nothing reaches the helpdesk for so long, in ms of the run's clock. */
  cutOff(forMs: number): void;
  /** Who asked for silence may not have been heard: its runtime is dead. */
  killed(): void;
}

interface Setting {
  readonly seed: number;
  /** In [0, 1]. */
  readonly share: number;
  readonly system: () => System;
  readonly counts: Counts;
  /** ms since the epoch, by the clock of the run. */
  readonly now: () => number;
}

/** What goes wrong with a request depends on its call and on how many it had before, so that timing changes little. */
export function systemFaults({ seed, share, system, counts, now }: Setting): SystemFaults {
  const asked = new Map<string, number>();
  const tooLarge = new Set<string>();
  const breaches: string[] = [];
  const lockedUntil = new Map<string, number>();
  let [blocks, lockouts, cutOffUntil] = [0, 0, 0];
  let told: ReturnType<SystemFaults["blocked"]>;
  let silence: { n: number; from: number; until: number } | undefined;

  const block = ({ n }: Seen, random: Random): Behaviour => {
    const seconds = random.between(60, 120);
    const untold = ++blocks === 2;
    told = untold ? "without end" : "for a while";
    silence = { n, from: Date.now() + underWayMs, until: now() + (untold ? 20 * 60_000 : seconds * 1000) };
    return untold ? { status: 429 } : { status: 429, headers: { "retry-after": String(seconds) } };
  };
  const fault = (seen: Seen, call: string, random: Random): [kind: string, behaviour: Behaviour] => {
    if (blocks < maxBlocks && random.chance(0.02)) return ["429", block(seen, random)];
    if (lockouts < maxLockouts && random.chance(0.02)) {
      lockouts++;
      lockedUntil.set(seen.path, now() + lockoutMs);
      return ["locked out", { status: random.pick([401, 403]) }];
    }
    if (seen.hasFile && random.chance(0.1)) {
      tooLarge.add(call);
      return ["413", { early: 413 }];
    }
    return anyFault(seen, random);
  };

  const isSilent = () => silence !== undefined && Date.now() > silence.from && now() < silence.until - behindMs;

  return {
    tooLarge,
    breaches,
    rule: (seen) => {
      if (silence && isSilent())
        breaches.push(`request ${seen.n}, of ${callOf(seen, system())}, came while ${silence.n} had been answered 429`);
      const call = callOf(seen, system());
      const time = asked.get(call) ?? 0;
      asked.set(call, time + 1);
      if (cutOffUntil > now()) {
        counts.add("helpdesk out of reach for hours");
        return { drop: "before" };
      }
      if ((lockedUntil.get(seen.path) ?? 0) > now()) return { status: 403 };
      const drawn = random(seed, "delivery", call, time);
      if (!drawn.chance(share)) return undefined;
      const [kind, behaviour] = fault(seen, call, drawn);
      counts.add(`helpdesk ${kind}`);
      return behaviour;
    },
    blocked: () => {
      const was = told;
      told = undefined;
      return was;
    },
    cutOff: (forMs) => {
      cutOffUntil = now() + forMs;
    },
    killed: () => {
      if (silence && Date.now() < silence.from) silence = undefined;
    },
  };
}

/** The PBX's id of the call that a request is about. */
export function callOf({ fields }: Pick<Seen, "fields">, system: System): string {
  const [pbxCallId, callId] = [fields.pbx_call_id, fields.call_id];
  return String(pbxCallId ?? system.calls[Number(callId) - 1]?.pbxCallId);
}

function anyFault({ hasFile }: Seen, random: Random): [kind: string, behaviour: Behaviour] {
  const commit = random.chance(0.5);
  const done = commit ? ", done" : "";
  const status = random.pick([500, 502, 503, 504]);
  const retry =
    status === 503 && random.chance(0.5) ? { headers: { "retry-after": String(random.between(1, 20)) } } : {};
  return random.pick<[string, Behaviour]>([
    [`5xx${done}`, { status, commit, ...retry }],
    [`5xx${done}`, { status, commit }],
    hasFile ? ["lost during", { drop: "during" }] : ["lost before", { drop: "before" }],
    hasFile ? ["lost during", { drop: "during" }] : ["lost before", { drop: "before" }],
    ["lost after", { drop: "after" }],
    ["lost after", { drop: "after" }],
    [`a page${done}`, { html: true, commit }],
    [`408${done}`, { status: 408, commit }],
    [`slow${done}`, { delayMs: random.between(20, 250), commit }],
    [`slow${done}, then lost`, { delayMs: random.between(20, 250), commit, next: { drop: "before" } }],
  ]);
}
