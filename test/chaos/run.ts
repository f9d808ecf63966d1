/** One run: calls are placed while everything fails and Trunkline is killed, then comes calm, and the books are checked. */
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Media, media, mediaServer, startPbx } from "../standins/media.ts";
import { startSystem } from "../standins/system.ts";
import type { Webhook } from "../standins/webhook.ts";
import { zadarmaApi } from "../standins/zadarma.ts";
import type { ZadarmaRecording } from "../standins/zadarma-api.ts";
import { bindingsOf, branchKeys, channelKeys, renamed } from "./bindings.ts";
import type { Build } from "./build.ts";
import { accounts, type Placed, placedCalls, type Recorded, severalParts } from "./calls.ts";
import { Clock } from "./clock.ts";
import { Counts } from "./counts.ts";
import { droppedWebhooks } from "./dropped.ts";
import { systemFaults } from "./faults.ts";
import { changedUntil, type Incident, incidents } from "./incidents.ts";
import { latenessOf } from "./lateness.ts";
import { check, isComplete, type Ledger } from "./ledger.ts";
import { mediaFaults } from "./media-faults.ts";
import { beginOf, forgedCalls, type Post, posts } from "./post.ts";
import { random } from "./random.ts";
import { Stage } from "./stage.ts";

export interface Plan {
  readonly seed: number;
  readonly calls: number;
  /** Of deliveries, in [0, 1]. */
  readonly faults: number;
  readonly kills: number;
}

export interface Watch {
  /** Ends it early; it throws then, with everything put away. */
  readonly signal?: AbortSignal;
  /** Told now and then how far it is, from 0 to 1. */
  readonly progress?: (share: number) => void;
}

export async function run(plan: Plan, build: Build, watch: Watch = {}): Promise<Ledger> {
  const began = performance.now();
  const { seed, faults: share } = plan;
  const counts = new Counts();
  const clock = new Clock();
  const { helpdesks, audioShown } = await startHelpdesks(seed, clock);
  const { main, branch } = helpdesks;
  const media = emptyMedia();
  const pbx = await startPbx({
    now: clock.now,
    handlers: [
      mediaFaults({ seed, share, recordings: media.all, counts }),
      mediaServer({
        account: accounts.twilio.accountSid,
        password: accounts.twilio.authToken,
        recordings: media.twilio,
      }),
      zadarmaApi({ ...accounts.zadarma, recordings: media.zadarma, now: clock.now }),
    ],
  });
  const harm = incidents(plan, beginOf(plan.calls));
  const placed = knownOnce(placedCalls({ seed, api: pbx.url }, plan.calls), finalWindow(plan, harm));
  const forged = placedCalls({ seed, api: pbx.url, forged: true }, forgedCalls(plan.calls));
  const faults = systemFaults({ seed, share, system: () => main, audioShown, counts, now: clock.now });
  const state = await folder();
  const stage = new Stage({ plan, build, helpdesks, pbx, placed, state, clock, faults, counts, ...watch });
  try {
    await stage.start();
    clock.begin();
    const dropped = share > 0 ? await droppedWebhooks(seed, placed, bindingsOf(helpdesks, pbx)) : new Set<Webhook>();
    counts.add("webhook lost for good", dropped.size);
    const heard = placed.map(({ webhooks, ...call }): Placed => {
      return { ...call, webhooks: webhooks.filter((webhook) => !dropped.has(webhook)) };
    });
    const queue = posts(seed, heard, forged);
    for (const call of placed) record(seed, call, queue, media, clock, counts);
    main.behave(faults.rule);
    branch.behave(faults.ruleOf(branch));
    await stage.play(queue, harm);
    faults.calm();
    await stage.settle(placed.filter(({ id }) => !faults.poison.has(id)));
    const untaken = placed.filter((call) => faults.poison.has(call.id) && !isComplete([call], helpdesks, faults));
    const before = await stage.views();
    faults.poison.mend();
    await stage.operator.replayStuck();
    await stage.settle(placed);
    await stage.aftermath();
    const views = { untaken, before, after: await stage.views() };
    const owed = await stage.operator.owed();
    const lateness = await latenessOf({
      placed: placed.filter(({ id }) => !faults.poison.has(id)),
      system: main,
      env: bindingsOf(helpdesks, pbx),
      heardAt: stage.mail.heardAt,
      closures: faults.closures,
    });
    const seconds = (performance.now() - began) / 1000;
    return check({ plan, placed, helpdesks, faults, counts, stage, views, owed, lateness, seconds });
  } finally {
    await stage.end();
    await Promise.all([main.close(), branch.close(), pbx.close()]);
    await rm(state, { recursive: true, force: true });
  }
}

/** Of one seed of four the helpdesk never shows what became of a recording. */
async function startHelpdesks(seed: number, { now }: Clock) {
  const audioShown = seed % 4 !== 0;
  const updateCall = ([400, 405, 422] as const)[seed % 3] ?? false;
  // Its ids are larger than a JavaScript number holds.
  const main = await startSystem({
    channelKeys,
    renamed,
    firstId: 2n ** 60n,
    audioShown,
    now,
  });
  const branch = await startSystem({ channelKeys: branchKeys, updateCall, audioShown, now });
  return { helpdesks: { main, branch }, audioShown };
}

/** When calls of `support` are told once they are over, in ms since the run began. */
function finalWindow(plan: Plan, harm: readonly Incident[]) {
  const from = harm.find(({ kind }) => kind === "supportFinal")?.at ?? Number.NaN;
  return { from, until: changedUntil(plan, "supportFinal", from) ?? Number.NaN };
}

/** How long after a call began its first webhook may be heard, in ms. */
const heardWithinMs = 5 * 60_000;

function knownOnce(placed: readonly Placed[], { from, until }: ReturnType<typeof finalWindow>): Placed[] {
  return placed.map((call, i) => {
    const inWindow = beginOf(i) > from - heardWithinMs && beginOf(i) < until;
    return { ...call, once: call.channel === "support" ? inWindow : call.channel !== "sales" };
  });
}

/**
 * For what outlives a kill: in memory where the machine has a folder for that, since a run waits for its disk otherwise.
 * `kill -9` of a process loses nothing of either; only a machine that loses power does.
 */
export function folder(): Promise<string> {
  const memory = "/dev/shm";
  return mkdtemp(join(existsSync(memory) ? memory : tmpdir(), "trunkline-chaos-"));
}

interface RunMedia {
  readonly all: Map<string, Recorded>;
  readonly twilio: Map<string, Media>;
  readonly zadarma: Map<string, ZadarmaRecording>;
}

function emptyMedia(): RunMedia {
  return { all: new Map(), twilio: new Map(), zadarma: new Map() };
}

/** How long after the PBX first says so a recording is there that is late, in ms: less than it is waited for. */
const lateMs = { least: 30_000, most: 15 * 60_000 };

/** A recording is there as soon as the PBX says so for the first time, unless it is late or never comes. */
function record(
  seed: number,
  call: Placed,
  queue: readonly Post[],
  { all, twilio, zadarma }: RunMedia,
  clock: Clock,
  counts: Counts,
) {
  for (const recording of call.recordings) {
    const { id, fate, bytes, type } = recording;
    const drawn = random(seed, "recording", id);
    const announced = queue.find(({ webhook }) => webhook === call.webhooks[recording.webhook]);
    const late = fate === "late" ? drawn.between(lateMs.least, lateMs.most) : 0;
    const readyAt = clock.began + (announced?.at ?? 0) + late;
    if (fate !== "good") counts.add(`recording ${fate}`);
    if (bytes.length > severalParts) counts.add("recording of several parts");
    all.set(id, recording);
    if (call.provider === "twilio")
      twilio.set(id, media({ source: bytes, type, readyAt, chunked: drawn.chance(0.2), now: clock.now }));
    else if (fate !== "gone") zadarma.set(id, { bytes, type, readyAt, pbxCallId: call.id });
  }
}
