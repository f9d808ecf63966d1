/** One webhook as it came in, decoded but not yet believed. */

export interface Hook {
  readonly method: string;
  /** The URL that the PBX called, as the PBX knows it: scheme, host, path and raw query. */
  readonly url: string;
  readonly headers: Headers;
  /** What the body is. `none` for a request without one. */
  readonly body: "none" | "form" | "multipart" | "json" | "other";
  /** The body as text; empty for multipart. */
  readonly text: string;
  /** The decoded fields of the form, of a JSON object's top level (scalars as text), or of the query of a bodyless request. */
  readonly fields: URLSearchParams;
  /** The address that the request came from, as the platform tells it. */
  readonly source?: string;
  /** ms since the epoch. */
  readonly receivedAt: number;
}
