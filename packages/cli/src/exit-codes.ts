/** How the command ends; `docs/reference/exit-codes.md` mirrors the table, and a test compares. */
export const EXIT = { done: 0, failed: 1, user: 2, incomplete: 3, interrupted: 130 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
