/** Errors of the kernels: wrong arguments and damaged encoded bytes. Wrappers validate once; kernels assume. */

export const KERNEL_ERRORS = {
  E_KERNEL_ARGUMENT: "An array, shape or option does not fit.",
  E_CODEC_DAMAGED: "Encoded bytes are truncated or malformed.",
  E_CODEC_LIMIT: "The data cannot be expressed in the format.",
} as const;

export type KernelErrorCode = keyof typeof KERNEL_ERRORS;

/** What a kernel refuses, with a code of {@link KERNEL_ERRORS}. */
export class KernelError extends Error {
  override readonly name = "KernelError";
  readonly code: KernelErrorCode;

  /** @param message expected, found, where, what to do. */
  constructor(code: KernelErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Throws unless `length` voxels fill `shape`. */
export function checkLength(name: string, length: number, shape: readonly number[]): void {
  const expected = shape.reduce((product, n) => product * n, 1);
  if (!shape.every((n) => Number.isInteger(n) && n >= 0) || length !== expected) {
    throw new KernelError(
      "E_KERNEL_ARGUMENT",
      `${name}: expected ${expected} voxels for shape [${shape.join(", ")}], found ${length}`,
    );
  }
}
