/** Whether a flood at one helpdesk's channel delays the cards of another helpdesk. */
import { cardsAt } from "./card.ts";
import { type Bench, type Figure, timed } from "./figures.ts";
import { type Flood, startFlood } from "./flooder.ts";
import { secret, startStage } from "./stage.ts";

/** A flood that leaves the machine some room shows what the objects cost each other; a full one what the machine gives. */
const floods: readonly (Pick<Flood, "forged" | "perSecond"> & { title: string })[] = [
  { title: "genuine", forged: false, perSecond: 50 },
  { title: "forged", forged: true, perSecond: 50 },
  { title: "genuine, flat out", forged: false },
  { title: "forged, flat out", forged: true },
];

export const flood: Bench = {
  about: "from webhook to card, while another helpdesk's channel is flooded",
  async run({ times }, tell) {
    const stage = await startStage();
    try {
      tell("sending webhooks");
      const quiet = await cardsAt(stage.b, times);
      const figures: Figure[] = [timed("webhook to card", "no flood", quiet.cards, quiet.bare)];
      for (const { title, ...kind } of floods) {
        tell(`flooding: ${title}`);
        const running = await startFlood({ hookUrl: stage.a.hookUrl, secret, ...kind });
        const { cards, bare } = await cardsAt(stage.b, times);
        const rates = [...(await running.end())].map(([status, rate]) => `${Math.round(rate)}/s answered ${status}`);
        figures.push(timed("webhook to card", `${title}: ${rates.join(", ")}`, cards, bare));
      }
      return figures;
    } finally {
      await stage.close();
    }
  },
};
