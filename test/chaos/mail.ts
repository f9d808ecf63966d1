/** The webhooks of a run on their way to Trunkline: those that are not taken come again. */
import { send, type Webhook } from "../standins/webhook.ts";
import { publicUrl } from "./calls.ts";
import type { Clock } from "./clock.ts";
import type { Counts } from "./counts.ts";
import { type Post, repeatMs } from "./post.ts";

/** Webhooks under way at once. */
const maxSending = 24;
/** How often a webhook is sent again. */
const maxRepeats = 60;

interface Setting {
  readonly clock: Clock;
  readonly counts: Counts;
  /** Where Trunkline is. */
  readonly url: () => string;
  /** Whether the channel of this webhook is not configured just now. */
  readonly isGone: (webhook: Webhook) => boolean;
}

export class Mail {
  readonly #setting: Setting;
  #queue: Post[] = [];
  readonly #sending = new Set<Promise<void>>();
  readonly #begun = new Set<string>();
  readonly #answered = new Set<Webhook>();
  /** When Trunkline took each webhook for the first time, ms since the epoch. */
  readonly heardAt = new Map<Webhook, number>();
  sent = 0;
  /** Forged webhooks that were sent, and what was not answered 403. */
  forged = 0;
  readonly believed: string[] = [];
  /** Genuine webhooks that were answered with anything but success or a plea to come again. */
  readonly refused: string[] = [];

  constructor(setting: Setting) {
    this.#setting = setting;
  }

  begin(posts: readonly Post[]): void {
    this.#queue = [...posts];
  }

  /** When the next one is sent, and the last one as far as is known, in ms since the run began. */
  get nextAt(): number | undefined {
    return this.#queue[0]?.at;
  }

  get lastAt(): number {
    return this.#queue.at(-1)?.at ?? 0;
  }

  get underWay(): number {
    return this.#sending.size;
  }

  hasBegun(call: string): boolean {
    return this.#begun.has(call);
  }

  async arrived(): Promise<void> {
    await Promise.all(this.#sending);
  }

  /** Sends what is due by `at`, in ms since the run began, as far as there is room. */
  sendDue(at: number): void {
    const { clock } = this.#setting;
    while (this.#queue[0] && this.#queue[0].at <= at && this.#sending.size < maxSending) {
      const post = this.#queue.shift();
      if (!post) return;
      if (post.waitsFor && post.kind !== "forged" && !this.#answered.has(post.waitsFor)) {
        this.#put(post, clock.sinceBegan + repeatMs(post.call, post.at));
        continue;
      }
      const sending = this.#send(post).finally(() => this.#sending.delete(sending));
      this.#sending.add(sending);
    }
  }

  /** Calls that were to begin after `from` begin so much later; those that are going on go on. */
  postpone(byMs: number, from: number): void {
    const begun = new Set(this.#queue.filter(({ at }) => at <= from).map(({ call }) => call));
    for (const post of this.#queue) if (!this.#begun.has(post.call) && !begun.has(post.call)) post.at += byMs;
    this.#queue.sort((a, b) => a.at - b.at);
  }

  async #send(post: Post): Promise<void> {
    const { counts, clock, isGone } = this.#setting;
    this.sent++;
    if (post.kind !== "forged") this.#begun.add(post.call);
    for (const what of post.repeats ? [] : post.odd) counts.add(`webhook ${what}`);
    const status = await this.#status(post.webhook);
    if (post.kind === "forged" && status !== 0 && !isGone(post.webhook)) {
      this.forged++;
      counts.add("webhook forged");
      // A channel that is misconfigured asks everybody to come again.
      if (status !== 403 && status !== 503) this.believed.push(`${post.call}: a forged webhook was answered ${status}`);
      return;
    }
    if (post.kind === "forged") return;
    const taken = status >= 200 && status < 300;
    if (taken && !this.heardAt.has(post.webhook)) this.heardAt.set(post.webhook, clock.now());
    const gone = status === 404 && isGone(post.webhook);
    if (gone) counts.add("webhook of a channel that is gone");
    if (status >= 300 && status < 500 && !gone) this.refused.push(`${post.call}: a webhook was answered ${status}`);
    if (taken && post.kind === "genuine") {
      this.#answered.add(post.webhook);
      return;
    }
    if (status === 503) counts.add("webhook repeated after a 503");
    this.#again(post, status);
  }

  #again(post: Post, status: number): void {
    if (post.repeats === maxRepeats) {
      this.#answered.add(post.webhook);
      this.refused.push(`${post.call}: a webhook was answered ${status} again and again`);
      return;
    }
    const kind = post.kind === "deaf" ? "genuine" : post.kind;
    const at = this.#setting.clock.sinceBegan + repeatMs(post.call, post.at);
    this.#put({ ...post, kind, repeats: (post.repeats ?? 0) + 1 }, at);
  }

  /** In its place by the time at which it is sent. */
  #put(post: Post, at: number): void {
    const place = this.#queue.findIndex((other) => other.at > at);
    this.#queue.splice(place < 0 ? this.#queue.length : place, 0, { ...post, at });
  }

  /** 0 where no answer came. */
  async #status(webhook: Webhook): Promise<number> {
    try {
      const answer = await send({ ...webhook, url: webhook.url.replace(publicUrl, this.#setting.url()) });
      await answer.arrayBuffer();
      return answer.status;
    } catch {
      return 0;
    }
  }
}
