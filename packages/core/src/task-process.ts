/**
 * Whether this thread or process works on tasks for a driver elsewhere. The driver has looked at what its tasks need, so that a server which
 * does not answer a task is away for a while, and not a wrong address.
 */
let works = false;

export function beginTasks(): void {
  works = true;
}

export function worksOnTasks(): boolean {
  return works;
}
