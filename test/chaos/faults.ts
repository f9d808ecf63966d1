/** How the helpdesks fail during a run. */
import type { Behaviour, Rule, Seen, System } from "../standins/system.ts";
import type { Counts } from "./counts.ts";
import { Poison } from "./poison.ts";
import { type Random, random } from "./random.ts";

/** How often in a run the helpdesk shuts everybody out, and a channel; the latter so far apart at least, in ms. */
const maxBlocks = 4;
const maxLockouts = 3;
const lockoutMs = 45_000;
const lockoutsApartMs = 6 * 60_000;
/** A request may be on its way when another is answered 429, in ms of the machine's clock. */
const underWayMs = 1_000;
/** How much earlier a silence may end: Trunkline's clock is a step behind the helpdesk's, in ms. */
const behindMs = 1_000;
/** How long what was shut out takes to be as it was, in ms: what had to wait goes out little by little. */
const reopeningMs = 3 * 60_000;
/** How much later than it was given up a form may still be done, in ms: a create, and anything else. */
const lateMs = { create: 88_000, update: 595_000 };
/** When a form counts as given up that nobody waits for any more, since its client was killed: Trunkline's own time limit, in ms. */
const formTimeoutMs = 30_000;

/** When forms could not get through, and waited all the same once they could, in ms since the epoch. */
export interface Closure {
  readonly from: number;
  readonly until: number;
}

/** What a call meets of which the create is done and not answered, while its front then says that there is nothing. */
const veil: readonly Behaviour[] = [{ drop: "after" }, { front: 404 }, { front: 404 }, { front: 404 }];
/** How many calls do, where every delivery would go wrong. */
const ofVeiled = 0.08;

export interface SystemFaults {
  /** For the helpdesk of most channels, which has a limit, and for any other. */
  readonly rule: Rule;
  ruleOf(system: System): Rule;
  readonly poison: Poison;
  /** Calls whose recording was once answered 413, and those of which a form with a recording has an unknown outcome. */
  readonly tooLarge: ReadonlySet<string>;
  readonly unsureOfFile: ReadonlySet<string>;
  /** How often a ticket of the call may have a recording: twice, where no answer shows whether it has it. */
  readonly copies: 1 | 2;
  /** Comments in forms of unknown outcome, by call: they may not be said again. */
  readonly perhapsSaid: ReadonlyMap<string, readonly string[]>;
  /** Requests that came though a 429 had asked for silence. */
  readonly breaches: readonly string[];
  readonly closures: readonly Closure[];
  /** Somebody is shut out for so long from now on, in ms of the run's clock. */
  close(forMs: number): void;
  /** A 429 was given since this was last asked: one that says for how long, or one that does not. */
  blocked(): "for a while" | "without end" | undefined;
  /** Nothing reaches the helpdesk for so long, in ms of the run's clock. */
  cutOff(forMs: number): void;
  /** From here on no form is answered, until Trunkline is `killed`; each is done later. */
  hold(): void;
  /** How many forms wait for an answer. */
  readonly held: number;
  /** Who asked for silence may not have been heard: its runtime is dead. */
  killed(): void;
  /** Nothing goes wrong any more but what the helpdesk does to single calls. */
  calm(): void;
}

interface Setting {
  readonly seed: number;
  /** In [0, 1]. */
  readonly share: number;
  readonly system: () => System;
  readonly audioShown: boolean;
  readonly counts: Counts;
  /** ms since the epoch, by the clock of the run. */
  readonly now: () => number;
}

/** What goes wrong with a request depends on its call and on how many it had before, so that timing changes little. */
export function systemFaults({ seed, share, system, audioShown, counts, now }: Setting): SystemFaults {
  const asked = new Map<string, number>();
  const tooLarge = new Set<string>();
  const unsureOfFile = new Set<string>();
  const perhapsSaid = new Map<string, string[]>();
  const breaches: string[] = [];
  const closures: Closure[] = [];
  const lockedUntil = new Map<string, number>();
  const poison = new Poison(seed, share);
  let [blocks, lockouts, nextLockoutAt, cutOffUntil] = [0, 0, 0, 0];
  let told: ReturnType<SystemFaults["blocked"]>;
  let silence: { n: number; from: number; until: number } | undefined;
  let holding: { readonly over: Promise<void>; end(): void } | undefined;
  let held = 0;
  let calm = false;

  const close = (forMs: number) => void closures.push({ from: now(), until: now() + forMs + reopeningMs });
  const block = ({ n }: Seen, random: Random): Behaviour => {
    const seconds = random.between(60, 120);
    const untold = ++blocks === 2;
    told = untold ? "without end" : "for a while";
    const forMs = untold ? 20 * 60_000 : seconds * 1000;
    silence = { n, from: Date.now() + underWayMs, until: now() + forMs };
    close(forMs);
    const headers = untold ? undefined : { "retry-after": String(seconds) };
    return random.chance(0.5) ? { status: 429, headers } : { front: 429, headers };
  };
  const ofLimits = (seen: Seen, random: Random): [kind: string, behaviour: Behaviour] | undefined => {
    if (blocks < maxBlocks && random.chance(0.02)) {
      const behaviour = block(seen, random);
      return ["front" in behaviour ? "429 of the front" : "429", behaviour];
    }
    if (lockouts < maxLockouts && now() > nextLockoutAt && random.chance(0.02)) {
      lockouts++;
      lockedUntil.set(seen.path, now() + lockoutMs);
      nextLockoutAt = now() + lockoutsApartMs;
      close(lockoutMs);
      return ["locked out", { status: random.pick([401, 403]) }];
    }
    return undefined;
  };
  const fault = (seen: Seen, call: string, random: Random): [kind: string, behaviour: Behaviour] => {
    if (!seen.hasFile || !random.chance(0.1)) return anyFault(seen, random);
    tooLarge.add(call);
    return random.chance(0.5) ? ["413", { early: 413 }] : ["413 of the front", { front: 413 }];
  };
  /** Nobody hears of it in time, and it is done all the same. */
  const hang = (seen: Seen, drawn: Random, over: Promise<void>): Behaviour => {
    held++;
    counts.add("helpdesk done after a kill");
    return { until: over, laterMs: formTimeoutMs + laterMs(seen, drawn), next: { drop: "before" } };
  };
  const unsure = (seen: Seen, call: string) => {
    if (seen.hasFile) unsureOfFile.add(call);
    const { comment } = seen.fields;
    if (comment) perhapsSaid.set(call, [...(perhapsSaid.get(call) ?? []), String(comment)]);
  };

  const isSilent = () => silence !== undefined && Date.now() > silence.from && now() < silence.until - behindMs;

  const ruleOf =
    (of: () => System): Rule =>
    (seen) => {
      const isMain = of() === system();
      const call = callOf(seen, of());
      if (isMain && silence && isSilent())
        breaches.push(`request ${seen.n}, of ${call}, came while ${silence.n} had been answered 429`);
      const time = asked.get(call) ?? 0;
      asked.set(call, time + 1);
      const drawn = random(seed, "delivery", call, time);
      const poisoned = poison.of(call, seen);
      const behaviour = (): Behaviour | undefined => {
        if (calm) return poisoned;
        if (isMain && cutOffUntil > now()) {
          counts.add("helpdesk out of reach for hours");
          return { drop: "before" };
        }
        if (poisoned) {
          counts.add("helpdesk never takes a call");
          return poisoned;
        }
        if (holding) return hang(seen, drawn, holding.over);
        if ((lockedUntil.get(seen.path) ?? 0) > now()) return { status: 403 };
        const veiled = isMain && random(seed, "veiled", call).chance(share * ofVeiled) ? veil[time] : undefined;
        if (veiled) {
          counts.add("helpdesk done, then behind its front");
          return veiled;
        }
        if (!drawn.chance(share)) return undefined;
        const [kind, behaviour] = (isMain && ofLimits(seen, drawn)) || fault(seen, call, drawn);
        counts.add(`helpdesk ${kind}`);
        return behaviour;
      };
      const chosen = behaviour();
      if (isUnknown(chosen)) unsure(seen, call);
      return chosen;
    };

  return {
    poison,
    tooLarge,
    unsureOfFile,
    copies: audioShown ? 1 : 2,
    perhapsSaid,
    breaches,
    rule: ruleOf(system),
    ruleOf: (other) => ruleOf(() => other),
    blocked: () => {
      const was = told;
      told = undefined;
      return was;
    },
    closures,
    close,
    cutOff: (forMs) => {
      close(forMs);
      cutOffUntil = now() + forMs;
    },
    hold: () => {
      const { promise: over, resolve: end } = Promise.withResolvers<void>();
      holding = { over, end };
    },
    get held() {
      return held;
    },
    killed: () => {
      if (silence && Date.now() < silence.from) silence = undefined;
      holding?.end();
      holding = undefined;
      held = 0;
    },
    calm: () => {
      calm = true;
    },
  };
}

/** The PBX's id of the call that a request is about. */
export function callOf({ fields }: Pick<Seen, "fields">, system: System): string {
  const [pbxCallId, callId] = [fields.pbx_call_id, fields.call_id];
  return String(pbxCallId ?? system.calls.find(({ told }) => told.callId === callId)?.pbxCallId);
}

/** Whether the client cannot know what became of the form. */
function isUnknown(behaviour: Behaviour | undefined): boolean {
  if (!behaviour || "early" in behaviour) return false;
  if ("front" in behaviour) return behaviour.front !== 413 && behaviour.front !== 429;
  if ("status" in behaviour) return behaviour.status >= 500 || behaviour.status === 408;
  return "next" in behaviour ? isUnknown(behaviour.next) : !("delayMs" in behaviour);
}

function laterMs({ action }: Seen, random: Random): number {
  return random.between(1_000, action === "create_call" ? lateMs.create : lateMs.update);
}

function anyFault(seen: Seen, random: Random): [kind: string, behaviour: Behaviour] {
  const when = random.pick(["", ", done", ", done late"]);
  const work = when === "" ? {} : when === ", done" ? { commit: true } : { laterMs: laterMs(seen, random) };
  const status = random.pick([500, 502, 503, 504]);
  const retry =
    status === 503 && random.chance(0.5) ? { headers: { "retry-after": String(random.between(1, 20)) } } : {};
  const lostEarly = ((): [string, Behaviour] => {
    if (seen.hasFile) return ["lost during", { drop: "during" }];
    return when === ", done late"
      ? ["lost before, done late", { drop: "before", ...work }]
      : ["lost before", { drop: "before" }];
  })();
  const front = random.pick([403, 404, 405, 421, 423]);
  const slow = { delayMs: random.between(20, 250) };
  return random.pick<[string, Behaviour]>([
    [`5xx${when}`, { status, ...work, ...retry }],
    [`5xx${when}`, { status, ...work }],
    [`5xx of the front${when}`, { front: status, ...work, ...retry }],
    [`5xx of the front${when}`, { front: status, ...work }],
    [`${front} of the front`, { front }],
    [`${front} of the front`, { front }],
    lostEarly,
    lostEarly,
    ["lost after", { drop: "after" }],
    ["lost after", { drop: "after" }],
    [`a page${when}`, { html: true, ...work }],
    [`408${when}`, { status: 408, ...work }],
    [`slow${when === ", done late" ? "" : when}`, { ...slow, commit: when === ", done" }],
    [`slow${when}, then lost`, { ...slow, ...work, next: { drop: "before" } }],
  ]);
}
