/** All commands. */

import { VERSION } from "@axonloom/core";
import { Command } from "commander";
import type { CommandContext } from "./command.ts";
import { compareCommand } from "./commands/compare.ts";
import { convertCommand } from "./commands/convert.ts";
import { defaultsCommand } from "./commands/defaults.ts";
import { demoCommand } from "./commands/demo.ts";
import { digestCommand } from "./commands/digest.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { dvidCommand } from "./commands/dvid.ts";
import { evaluateCommand } from "./commands/evaluate.ts";
import { evaluateSegmentationCommand } from "./commands/evaluate-segmentation.ts";
import { experimentCommand } from "./commands/experiment.ts";
import { infoCommand } from "./commands/info.ts";
import { phantomCommand } from "./commands/phantom.ts";
import { planCommand } from "./commands/plan.ts";
import { restitchCommand } from "./commands/restitch.ts";
import { runCommand } from "./commands/run.ts";
import { schemaCommand } from "./commands/schema.ts";
import { setupCommand } from "./commands/setup.ts";
import { statusCommand } from "./commands/status.ts";
import { trainCommand } from "./commands/train.ts";

const COMMANDS = [
  runCommand,
  planCommand,
  statusCommand,
  restitchCommand,
  evaluateCommand,
  evaluateSegmentationCommand,
  compareCommand,
  experimentCommand,
  trainCommand,
  convertCommand,
  infoCommand,
  digestCommand,
  dvidCommand,
  phantomCommand,
  defaultsCommand,
  schemaCommand,
  demoCommand,
  doctorCommand,
  setupCommand,
];

const SOURCES = `
Sources and destinations:
  precomputed://folder   Neuroglancer precomputed (read and write; a bare path without an ending, too)
  npy://file.npy         NumPy, also .npy.gz (read and write)
  images://folder        stack of PNG slices (read)
  raw://file?shape=x,y,z&dtype=uint8   plain little-endian voxels, also .raw.gz (read)
  dvid://host:port/version/instance    a DVID server (read and write)

Exit codes:
  0 done · 1 failed · 2 something to be mended by you · 3 incomplete (gaps are listed) · 130 interrupted

Example:
  $ axonloom demo`;

export function createProgram(context: CommandContext): Command {
  const program = new Command("axonloom")
    .description("Turns electron-microscopy volumes of any size into neurons.")
    .version(VERSION, "-V, --version", "print the version")
    .helpCommand("help [command]", "print the help of a command")
    .showHelpAfterError("(`--help` tells more)")
    .addHelpText("after", SOURCES);
  for (const make of COMMANDS) program.addCommand(make(context));
  for (const one of [program, ...program.commands, ...program.commands.flatMap(({ commands }) => commands)]) {
    one
      .helpOption("-h, --help", "print this help")
      .exitOverride()
      .configureHelp({ helpWidth: 100 })
      .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "axonloom: E_USAGE: ")) });
  }
  return program;
}
