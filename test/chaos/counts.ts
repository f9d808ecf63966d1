/** What went wrong in a run, counted by kind: a check that nothing was there to fail would prove nothing. */

export class Counts {
  readonly #counts = new Map<string, number>();

  add(kind: string, times = 1): void {
    if (times > 0) this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + times);
  }

  toJSON(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort());
  }
}

/** What a run of a thousand calls must have met, by how its kinds begin. */
export const wanted = [
  "webhook sent twice",
  "webhook overtaken",
  "webhook late",
  "webhook lost, then repeated",
  "webhook lost for good",
  "webhook answered in vain",
  "webhook repeated after a 503",
  "webhook forged",
  "webhook of a channel that is gone",
  "worker killed",
  "worker killed while silence was asked for",
  "worker evicted",
  "worker deployed over",
  "worker configured anew, salesGone",
  "worker configured anew, salesGone no more",
  "worker configured anew, supportFaulty",
  "worker configured anew, supportFaulty no more",
  "worker configured anew, supportFinal",
  "worker configured anew, supportFinal no more",
  "worker configured anew, supportKey",
  "operator replayed",
  "storage refused a write",
  "archive refused",
  "archive took it, and said no",
  "archive gave nothing",
  "archive broke off",
  "helpdesk 5xx",
  "helpdesk 5xx, done",
  "helpdesk 5xx, done late",
  "helpdesk 5xx of the front",
  "helpdesk 5xx of the front, done",
  "helpdesk 5xx of the front, done late",
  "helpdesk 403 of the front",
  "helpdesk 404 of the front",
  "helpdesk 405 of the front",
  "helpdesk 421 of the front",
  "helpdesk 423 of the front",
  "helpdesk 413 of the front",
  "helpdesk 429 of the front",
  "helpdesk lost before, done late",
  "helpdesk done after a kill",
  "helpdesk never takes a call",
  "helpdesk lost before",
  "helpdesk lost during",
  "helpdesk lost after",
  "helpdesk a page",
  "helpdesk a page, done",
  "helpdesk a page, done late",
  "helpdesk 408",
  "helpdesk slow",
  "helpdesk slow, done",
  "helpdesk slow, then lost",
  "helpdesk slow, done, then lost",
  "helpdesk 413",
  "helpdesk 429",
  "helpdesk locked out",
  "helpdesk out of reach for hours",
  "helpdesk used by others",
  "recording of several parts",
  "recording late",
  "recording cut short for good",
  "recording of a wrong type",
  "recording gone",
  "recording 404",
  "recording 500",
  "recording page",
  "recording lost",
  "recording cut",
  "recording cut, of no known length",
] as const;
