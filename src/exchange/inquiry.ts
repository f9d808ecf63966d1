/** How often the PBX is asked after a call whose end was never heard, and when it is taken for over all the same. */

const minuteMs = 60_000;

/** How long a call may ring, and talk may last, without a webhook until the PBX is asked, where its API tells; in ms. */
export const askAfterMs = { ringing: 10 * minuteMs, "in-progress": 60 * minuteMs } as const;
/** How often in a row it must have been asked in vain, and how far apart that is, in ms. */
export const maxVain = 3;
export const vainWaitMs = 20 * minuteMs;
/** For how long a call may go on that the PBX says is alive, in ms. */
export const maxAliveMs = 24 * 60 * minuteMs;

/** What came of asking. Times in ms since the epoch. */
export interface InquiryRow {
  readonly askedAt: number;
  /** When it is asked again, or taken for over. */
  readonly dueAt: number;
  /** How often in a row the PBX did not tell; one that is under way counts, so that a crash cannot ask without end. */
  readonly vain: number;
  /** Since when the PBX says that the call is alive. */
  readonly aliveSince?: number;
}

/** Whether it was asked as often, or lived as long, as it may; whether its silence was long enough is another question. */
export function exhausted(row: InquiryRow | undefined, now: number): boolean {
  return row !== undefined && (row.vain >= maxVain || now - (row.aliveSince ?? now) >= maxAliveMs);
}

/** The PBX is asked now. */
export function asked(row: InquiryRow | undefined, now: number): InquiryRow {
  return { ...row, askedAt: now, dueAt: now + vainWaitMs, vain: (row?.vain ?? 0) + 1 };
}

/** It said that the call is alive: it is asked again when the call has been in its state for as long once more. */
export function alive(row: InquiryRow, state: keyof typeof askAfterMs, now: number): InquiryRow {
  return { ...row, dueAt: now + askAfterMs[state], vain: 0, aliveSince: row.aliveSince ?? now };
}
