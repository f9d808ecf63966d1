/** What the operator of a run sees and does, through Trunkline's API. */
import type { Stats } from "../../src/exchange/exchange.ts";
import type { CallDetail } from "../../src/exchange/views.ts";
import { secrets } from "./bindings.ts";
import type { Placed } from "./calls.ts";

/** What Trunkline says of calls, by the PBX's id; a call that it does not know is not there. */
export type Views = ReadonlyMap<string, CallDetail>;

/** Questions at once. */
const atOnce = 16;

export class Operator {
  readonly #url: () => string;

  /** `url`: where Trunkline is, which changes with each start. */
  constructor(url: () => string) {
    this.#url = url;
  }

  /** Whether it is there, whatever it says. */
  async greet(): Promise<void> {
    await this.#ask("GET", "/health");
  }

  async views(placed: readonly Placed[]): Promise<Views> {
    const views = new Map<string, CallDetail>();
    for (let i = 0; i < placed.length; i += atOnce) {
      const some = placed.slice(i, i + atOnce);
      const answers = await Promise.all(some.map((call) => this.#ask("GET", pathOf(call))));
      for (const [j, answer] of answers.entries()) {
        const { id } = some[j] ?? { id: "" };
        if (answer.ok) views.set(id, (await answer.json()) as CallDetail);
      }
    }
    return views;
  }

  /** How many calls are owed something or are stuck, of all that Trunkline knows. */
  async owed(): Promise<number> {
    const { systems } = (await (await this.#ask("GET", "/api/stats")).json()) as { systems: Stats[] };
    const waiting = systems.flatMap(({ queues }) => queues.map(({ calls }) => calls));
    return [...waiting, ...systems.map(({ stuck }) => stuck)].reduce((sum, count) => sum + count, 0);
  }

  async replayStuck(): Promise<void> {
    await this.#ask("POST", "/api/calls/replay?delivery=stuck");
  }

  async replay(call: Placed): Promise<void> {
    await this.#ask("POST", `${pathOf(call)}/replay`);
  }

  async #ask(method: string, path: string): Promise<Response> {
    const headers = { authorization: `Bearer ${secrets.CONSOLE_TOKEN}` };
    const answer = await fetch(this.#url() + path, { method, headers });
    const body = await answer.arrayBuffer();
    return new Response(body, { status: answer.status });
  }
}

function pathOf({ channel, id }: Placed): string {
  return `/api/calls/${channel}/${encodeURIComponent(id)}`;
}
