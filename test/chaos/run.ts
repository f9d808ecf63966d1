/** One run: calls are placed while everything fails and Trunkline is killed, then comes calm, and the books are checked. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Media, media, mediaServer, startPbx } from "../standins/media.ts";
import { startSystem } from "../standins/system.ts";
import { zadarmaApi } from "../standins/zadarma.ts";
import type { ZadarmaRecording } from "../standins/zadarma-api.ts";
import { accounts, type Placed, placedCalls, type Recorded } from "./calls.ts";
import { mediaFaults, systemFaults } from "./faults.ts";
import { check, type Ledger } from "./ledger.ts";
import { forgedCalls, type Post, posts } from "./post.ts";
import { random } from "./random.ts";
import { Clock, channelKeys, Stage } from "./stage.ts";

export interface Plan {
  readonly seed: number;
  readonly calls: number;
  /** Of deliveries, in [0, 1]. */
  readonly faults: number;
  readonly kills: number;
}

/** `signal` ends it early; it throws then, with everything put away. */
export async function run(plan: Plan, signal?: AbortSignal): Promise<Ledger> {
  const began = performance.now();
  const { seed, faults: share } = plan;
  const clock = new Clock();
  const system = await startSystem({ channelKeys, now: clock.now });
  const media = emptyMedia();
  const pbx = await startPbx({
    now: clock.now,
    handlers: [
      mediaFaults(seed, share, media.all),
      mediaServer({
        account: accounts.twilio.accountSid,
        password: accounts.twilio.authToken,
        recordings: media.twilio,
      }),
      zadarmaApi({ ...accounts.zadarma, recordings: media.zadarma, now: clock.now }),
    ],
  });
  const placed = placedCalls({ seed, api: pbx.url }, plan.calls);
  const forged = placedCalls({ seed, api: pbx.url, forged: true }, forgedCalls(plan.calls));
  const faults = systemFaults({ seed, share, system: () => system, now: clock.now });
  const state = await mkdtemp(join(tmpdir(), "trunkline-chaos-"));
  const stage = new Stage({ plan, system, pbx, state, clock, faults, signal });
  try {
    await stage.start();
    clock.begin();
    const queue = posts(seed, placed, forged);
    for (const call of placed) record(seed, call, queue, media, clock);
    system.behave(faults.rule);
    await stage.play(queue);
    system.behave(undefined);
    await stage.calm(placed);
    const owed = await stage.owed();
    const seconds = (performance.now() - began) / 1000;
    return check({ plan, placed, system, faults, stage, owed, seconds });
  } finally {
    await stage.end();
    await Promise.all([system.close(), pbx.close()]);
    await rm(state, { recursive: true, force: true });
  }
}

interface RunMedia {
  readonly all: Map<string, Recorded>;
  readonly twilio: Map<string, Media>;
  readonly zadarma: Map<string, ZadarmaRecording>;
}

function emptyMedia(): RunMedia {
  return { all: new Map(), twilio: new Map(), zadarma: new Map() };
}

/** A recording is there as soon as the PBX says so for the first time. */
function record(seed: number, call: Placed, queue: readonly Post[], { all, twilio, zadarma }: RunMedia, clock: Clock) {
  for (const recording of call.recordings) {
    const { id, bytes, type } = recording;
    const announced = queue.find(({ webhook }) => webhook === call.webhooks[recording.webhook]);
    const readyAt = clock.began + (announced?.at ?? 0);
    all.set(id, recording);
    if (call.provider === "zadarma") zadarma.set(id, { bytes, type, readyAt, pbxCallId: call.id });
    else {
      const chunked = random(seed, "chunked", id).chance(0.2);
      twilio.set(id, media({ source: bytes, type, readyAt, chunked, now: clock.now }));
    }
  }
}
