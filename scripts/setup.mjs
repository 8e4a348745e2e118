// Makes a checkout ready: installs the packages, then builds. Does nothing when both are current. Needs nothing but Node.js.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const NEEDED = [20, 19];

/** Why this Node.js is too old; null when it is not. */
export function nodeTooOld(version) {
  const [major, minor] = version.split(".").map(Number);
  if (major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])) return null;
  return `Node.js ${NEEDED.join(".")} or newer is needed, found ${version}: install a newer one from https://nodejs.org`;
}

/**
 * Whether node_modules holds what package-lock.json asks for. npm keeps the list of what it has installed in a lock file of its own,
 * written last, so that an interrupted installation does not count. Packages for other platforms may be absent.
 */
export function packagesAreCurrent(root) {
  const wanted = readJson(join(root, "package-lock.json"));
  const installed = readJson(join(root, "node_modules", ".package-lock.json"));
  if (wanted === null || installed === null) return false;
  return Object.entries(wanted.packages).every(([path, entry]) => {
    if (!path.includes("node_modules/")) return true; // a package of the workspace itself
    const found = installed.packages[path];
    if (found === undefined) return entry.optional === true || entry.devOptional === true;
    return found.version === entry.version && found.integrity === entry.integrity;
  });
}

/** A digest that changes when a file that the build reads is changed, added or removed. */
export function digestOfSources(root) {
  const files = ["package-lock.json", ...readdirSync(root).filter((name) => /^tsconfig.*\.json$/.test(name))];
  for (const folder of workspaces(root)) {
    files.push(join(folder, "package.json"), join(folder, "tsconfig.json"), ...filesBelow(root, join(folder, "src")));
  }
  const hash = createHash("sha256");
  for (const file of files.sort()) {
    const { size, mtimeMs } = statSync(join(root, file));
    hash.update(`${file} ${size} ${mtimeMs}\n`);
  }
  return hash.digest("hex");
}

function buildIsCurrent(root, stamp, digest) {
  const built = workspaces(root).every((folder) => existsSync(join(root, folder, "dist", "index.js")));
  return built && existsSync(stamp) && readFileSync(stamp, "utf8") === digest;
}

function workspaces(root) {
  return readJson(join(root, "package.json")).workspaces;
}

function filesBelow(root, folder) {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)));
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return null;
  }
}

function run(what, command, args, root) {
  console.log(`setup: ${what} …`);
  const shell = process.platform === "win32" && command === "npm";
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: "inherit", shell });
  if (error !== undefined) fail(`${what} failed: ${error.message}`);
  if (status !== 0) fail(`${what} failed (exit code ${status}); the reason is above`);
}

function fail(message) {
  console.error(`setup: ${message}`);
  process.exit(1);
}

function setup(root) {
  const old = nodeTooOld(process.versions.node);
  if (old !== null) fail(old);
  if (!packagesAreCurrent(root)) {
    const npm = process.env["npm_execpath"]; // set when npm runs this script
    const [command, first] = npm === undefined ? ["npm", []] : [process.execPath, [npm]];
    run("installing packages (npm ci)", command, [...first, "ci", "--loglevel=error"], root);
  }
  const stamp = join(root, "node_modules", ".axonloom-build");
  const digest = digestOfSources(root);
  if (buildIsCurrent(root, stamp, digest)) return;
  run("building (tsc)", process.execPath, [join(root, "node_modules", "typescript", "bin", "tsc"), "-b", "tsconfig.json"], root);
  writeFileSync(stamp, digest);
}

if (realpathSync(process.argv[1] ?? ".") === fileURLToPath(import.meta.url)) setup(fileURLToPath(new URL("..", import.meta.url)));
