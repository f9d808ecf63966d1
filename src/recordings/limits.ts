/** What a recording on its way from a PBX may take. */

/** Times in ms, sizes in bytes. */
export interface Limits {
  /** How long the PBX may take to begin an answer. */
  readonly answerMs: number;
  /** How long it may fall silent in the middle of one. */
  readonly stallMs: number;
  /** For one try, however many answers it takes. */
  readonly totalMs: number;
  /** The largest file that is stored. */
  readonly maxBytes: number;
}

export const limits: Limits = {
  answerMs: 30_000,
  stallMs: 30_000,
  totalMs: 10 * 60_000,
  maxBytes: 2 * 1024 * 1024 * 1024,
};
