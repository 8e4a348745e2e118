/** Where tests find real volumes. */
import { fileURLToPath } from "node:url";

/** Absolute path; tests that need it are skipped where it does not exist. */
export const DATA = process.env["AXONLOOM_DATA"] ?? fileURLToPath(new URL("../../../../shared/data", import.meta.url));
