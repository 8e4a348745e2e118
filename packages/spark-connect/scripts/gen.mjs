// Makes src/gen from proto/, without network: node scripts/gen.mjs [output folder]
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const out = process.argv[2] ?? join(root, "src", "gen");
const require = createRequire(import.meta.url);

/** Script of a package's command, so that no shell and no PATH is needed. */
function script(name, command) {
  const path = require.resolve(`${name}/package.json`);
  return join(dirname(path), require(path).bin[command]);
}

const template = {
  version: "v2",
  clean: true,
  plugins: [
    {
      local: [process.execPath, script("@bufbuild/protoc-gen-es", "protoc-gen-es")],
      out,
      opt: ["target=ts", "import_extension=ts"],
    },
  ],
};
const args = [script("@bufbuild/buf", "buf"), "generate", "--template", JSON.stringify(template)];
const { status, error } = spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" });
if (error !== undefined) throw error;
process.exitCode = status ?? 1;
