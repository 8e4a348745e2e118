/** Faults on command. Each names what goes wrong with the requests that it is meant for, and how often. */

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly bodyBytes: number;
  /** 0: the connection was cut before an answer. */
  status: number;
  answerBytes: number;
}

export type FaultKind =
  /** Answers so, without any effect. `early`: before the body is read, and closes the connection, as a throttled server does. */
  | { readonly kind: "answer"; readonly status: number; readonly text?: string; readonly early?: boolean }
  /** Waits before the request is handled. */
  | { readonly kind: "slow"; readonly ms: number }
  /** Cuts the connection without any effect. */
  | { readonly kind: "cut-before" }
  /** Half of the body is used as if no more had come (whole frames are stored, not indexed); the connection is cut. */
  | { readonly kind: "cut-midway" }
  /** Everything is done; the answer never comes. */
  | { readonly kind: "cut-after" }
  /** Everything is done; half of the answer comes, then the connection is cut. */
  | { readonly kind: "half-answer" }
  /** Everything is done; half of the answer comes and ends as if it were all. */
  | { readonly kind: "short-answer" }
  /** Everything is done; the answer is followed by an error text, status 200. */
  | { readonly kind: "trailing-text"; readonly text?: string }
  /** As `cut-midway`, but answered with 500. */
  | { readonly kind: "fail-midway"; readonly status?: number }
  /** The server ends: before, midway, after the request's effect. Nothing answers until it is started again. */
  | { readonly kind: "kill-before" | "kill-midway" | "kill-after" };

export type Fault = FaultKind & {
  /** Which requests; absent: all. */
  readonly when?: (request: SeenRequest) => boolean;
  /** Default once; Infinity until it is cleared. */
  readonly times?: number;
  /** Lets that many of its requests pass first. */
  readonly after?: number;
};

export class Faults {
  #pending: { fault: Fault; skip: number; left: number }[] = [];

  add(fault: Fault): void {
    this.#pending.push({ fault, skip: fault.after ?? 0, left: fault.times ?? 1 });
  }

  clear(): void {
    this.#pending = [];
  }

  /** How many faults still wait for their requests. */
  get pending(): number {
    return this.#pending.length;
  }

  /** The fault of this request, if any; it counts as used. */
  take(request: SeenRequest): Fault | undefined {
    for (const entry of this.#pending) {
      if (entry.fault.when?.(request) === false) continue;
      if (entry.skip > 0) {
        entry.skip--;
        continue;
      }
      if (--entry.left <= 0) this.#pending = this.#pending.filter((other) => other !== entry);
      return entry.fault;
    }
    return undefined;
  }
}
