/** How long after the webhook the card pops. */
import { type Bench, timed } from "./figures.ts";
import { type Side, startStage } from "./stage.ts";

export const card: Bench = {
  about: "from webhook to card, in an object that is awake",
  async run({ times }, tell) {
    const stage = await startStage();
    try {
      tell("sending webhooks");
      const { cards, bare } = await cardsAt(stage.a, times);
      return [timed("webhook to card", "awake", cards, bare)];
    } finally {
      await stage.close();
    }
  },
};

/** Each in turn with its floor, so that both meet the same machine. The first of both do not count. */
export async function cardsAt(side: Side, times: number): Promise<{ cards: number[]; bare: number[] }> {
  await side.card();
  await side.bareCard();
  const cards: number[] = [];
  const bare: number[] = [];
  for (let i = 0; i < times; i++) {
    cards.push(await side.card());
    bare.push(await side.bareCard());
  }
  return { cards, bare };
}
