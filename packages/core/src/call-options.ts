/** Options that every asynchronous call takes last. */
export interface CallOptions {
  readonly signal?: AbortSignal;
}
