/** Whether cards wait for recordings that a helpdesk takes slowly. */
import { sample } from "../standins/audio.ts";
import { send } from "../standins/webhook.ts";
import { cardsAt } from "./card.ts";
import { type Bench, timed } from "./figures.ts";
import { ring, type Stage, startStage } from "./stage.ts";

/** How long the helpdesk takes over a recording, in ms: longer than the cards. */
const slowMs = 60 * 60_000;
const recordings = 8;

export const slow: Bench = {
  about: "from webhook to card, while the helpdesk takes recordings slowly",
  async run({ times }, tell) {
    const stage = await startStage();
    try {
      tell("sending webhooks");
      const quiet = await cardsAt(stage.a, times);
      const taking = await attachSlowly(stage);
      tell(`sending webhooks while ${taking()} recordings are under way`);
      const busy = await cardsAt(stage.a, times);
      return [
        timed("webhook to card", "nothing else", quiet.cards, quiet.bare),
        timed("webhook to card", `${taking()} of ${recordings} recordings under way`, busy.cards, busy.bare),
      ];
    } finally {
      await stage.close();
    }
  },
};

/** Returns, once recordings are on their way, how many of them are. */
async function attachSlowly({ a, recordings: media }: Stage): Promise<() => number> {
  let taking = 0;
  const { promise: under, resolve } = Promise.withResolvers<void>();
  a.behave(({ hasFile }) => {
    if (!hasFile) return undefined;
    taking++;
    resolve();
    return { delayMs: slowMs };
  });
  for (let i = 0; i < recordings; i++) {
    const call = ring(`in_recorded_${i}`);
    const recorded = { call_id_with_rec: `17.${i}`, is_recorded: "1" };
    media.set(recorded.call_id_with_rec, {
      bytes: await sample("mp3"),
      type: "audio/mpeg",
      pbxCallId: call.pbx_call_id,
    });
    await send(a.zadarma.end({ ...call, ...recorded, duration: "3", disposition: "answered", internal: "100" }));
    await send(a.zadarma.record({ pbx_call_id: call.pbx_call_id, call_id_with_rec: recorded.call_id_with_rec }));
  }
  await under;
  return () => taking;
}
