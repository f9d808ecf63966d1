/** How often the PBX is asked after a call whose end was never heard, and when it is taken for over all the same. */

const minuteMs = 60_000;

/** How often in a row it is asked in vain, and how far apart, in ms. */
export const maxVain = 3;
export const vainWaitMs = 20 * minuteMs;
/** How long a call is left alone that the PBX says is alive, and for how long it may go on so, in ms. */
export const aliveWaitMs = 60 * minuteMs;
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

/** Whether it was asked as often, or lived as long, as it may. */
export function exhausted(row: InquiryRow | undefined, now: number): boolean {
  return row !== undefined && (row.vain >= maxVain || now - (row.aliveSince ?? now) >= maxAliveMs);
}

/** The PBX is asked now. */
export function asked(row: InquiryRow | undefined, now: number): InquiryRow {
  return { ...row, askedAt: now, dueAt: now + vainWaitMs, vain: (row?.vain ?? 0) + 1 };
}

/** It said that the call is alive. */
export function alive(row: InquiryRow, now: number): InquiryRow {
  return { ...row, dueAt: now + aliveWaitMs, vain: 0, aliveSince: row.aliveSince ?? now };
}
