/** How long Spark needs to end the worker of a task that was interrupted: its `killTimeout`, and as long as it takes it to look. */
export const KILL_TIMEOUT_MS = 2000;
export const KILL_MARGIN_MS = 4500;
export const KILL_MS = KILL_TIMEOUT_MS + KILL_MARGIN_MS;
