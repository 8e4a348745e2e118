/** The text of an exception as it travels to the driver: stack and causes. */

const MAX_CAUSES = 10;

/** `TypeError [E_CODE]: message`, the frames, then `Caused by: …`. Anything may have been thrown. */
export function errorText(error: unknown): string {
  const parts: string[] = [];
  for (let at: unknown = error; at !== undefined && parts.length <= MAX_CAUSES; at = causeOf(at)) parts.push(oneError(at));
  return parts.join("\nCaused by: ");
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}

function oneError(error: unknown): string {
  if (!(error instanceof Error)) return `thrown value that is no Error: ${describe(error)}`;
  const code = (error as { code?: unknown }).code;
  const stack = typeof error.stack === "string" ? error.stack : "";
  // the name may have been set after the stack was taken
  const head = `${error.name}${typeof code === "string" ? ` [${code}]` : ""}: ${error.message}`;
  const frames = stack.indexOf("\n    at ");
  return frames < 0 ? head : head + ownFrames(stack.slice(frames));
}

/** Without this program's frames and the session's folder, which say nothing to the function's author. All frames when there are no others. */
function ownFrames(frames: string): string {
  const all = frames.split("\n");
  const others = all.filter((line) => !WORKER_FRAME.test(line));
  const folder = `${process.cwd()}/`;
  return (others.some((line) => line.includes("    at ")) ? others : all)
    .map((line) => line.replace(`file://${folder}`, "").replace(folder, ""))
    .join("\n");
}

const WORKER_FRAME = /\bworker-[0-9a-f]{64}\.mjs:\d|\(<anonymous>\)$/;

function describe(value: unknown): string {
  try {
    return typeof value === "object" ? JSON.stringify(value) : String(value);
  } catch {
    return typeof value;
  }
}
