#!/usr/bin/env node
// The one file that must be read by any Node.js: it says clearly which version is needed.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`axonloom: expected Node.js 20.19 or later, found ${process.versions.node}; get one from https://nodejs.org`);
  process.exit(2);
}
import("../dist/main.js").then(
  async ({ main }) => {
    process.exitCode = await main(process.argv.slice(2));
  },
  (error) => {
    const notBuilt = error.code === "ERR_MODULE_NOT_FOUND";
    console.error(notBuilt ? `axonloom: the program is not built; run \`npm run build\` first (${error.message})` : error);
    process.exitCode = 1;
  },
);
