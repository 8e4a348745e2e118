/** Table 1 and the scaling of runs as reports. */
import type { Report, Table } from "../../report/index.ts";
import type { ScalingResult } from "./scaling.ts";
import type { Table1Result } from "./table-1.ts";

const GB = 1e9;

export function table1Report(result: Table1Result): Report {
  const { rows, checkpoints, voxels, subvolumes, workers, cores, peak_bytes } = result;
  const parts: Table = {
    title: "Time of a run",
    columns: [
      { name: "part" },
      { name: "seconds", digits: 1 },
      { name: "voxels / s / core", digits: 0 },
      { name: "the paper's voxels / s / core", digits: 0 },
    ],
    rows: rows.map((row) => [row.part, row.seconds, row.voxels_per_second_per_core, row.paper_voxels_per_second_per_core]),
  };
  const room: Table = {
    title: "Checkpoints and memory",
    columns: [{ name: "what" }, { name: "value" }],
    rows: [
      ["bytes of the checkpoints of all subvolumes", checkpoints.bytes],
      ["the same labels with 8 bytes a voxel", checkpoints.raw_bytes],
      ["ratio (the paper: 48)", `${checkpoints.ratio.toFixed(0)} : 1`],
      ["subvolumes restored in a second run", checkpoints.restored],
      ["seconds for that", checkpoints.restore_seconds.toFixed(2)],
      ["peak memory of the run in GB", (peak_bytes / GB).toFixed(2)],
    ],
  };
  return {
    title: "Table 1: where the time of a run goes",
    parts: [
      {
        kind: "text",
        text:
          `A clean phantom of ${voxels.toLocaleString("en-US")} voxels in ${subvolumes} subvolumes, ${workers} workers on ${cores} cores. ` +
          "Voxels are those written, without borders. The paper's figures were measured on a cluster, with a forest for voxels and another for " +
          "agglomeration; here grey values are thresholded, so that only the stages compare, not the methods.",
      },
      { kind: "table", name: "table-1", table: parts },
      { kind: "table", name: "table-1-checkpoints", table: room },
    ],
  };
}

export function scalingReport({ rows, fits }: ScalingResult): Report {
  const measured: Table = {
    title: "Runs",
    columns: [
      { name: "subvolumes" },
      { name: "voxels" },
      { name: "workers" },
      { name: "seconds", digits: 1 },
      { name: "CPU seconds", digits: 1 },
      { name: "peak memory in GB", digits: 3 },
    ],
    rows: rows.map((row) => [row.subvolumes, row.voxels, row.workers, row.seconds, row.cpu_seconds, row.peak_bytes / GB]),
  };
  const fitted: Table = {
    title: "Fitted exponents",
    columns: [{ name: "workers" }, { name: "time", digits: 2 }, { name: "CPU time", digits: 2 }, { name: "memory", digits: 2 }],
    rows: fits.map((fit) => [fit.workers, fit.time_exponent, fit.cpu_exponent, fit.memory_exponent]),
  };
  const series = (workers: number) => `${workers} ${workers === 1 ? "worker" : "workers"}`;
  const x = { title: "voxels", log: true };
  const time = rows.map((row) => ({ series: series(row.workers), x: row.voxels, y: row.seconds }));
  const memory = rows.map((row) => ({ series: series(row.workers), x: row.voxels, y: row.peak_bytes / GB }));
  return {
    title: "Scaling: time and memory against volume and workers",
    parts: [
      { kind: "text", text: "Clean phantoms in subvolumes of 64 voxels with a border of 20. Each run has a process of its own." },
      { kind: "table", name: "scaling", table: measured },
      {
        kind: "table",
        name: "scaling-fits",
        table: fitted,
        note: "They grow as voxels to this power: 1 is linear, 0 is no growth.",
      },
      {
        kind: "plot",
        name: "scaling-time",
        plot: { kind: "lines", title: "Time", x, y: { title: "seconds", log: true }, points: time },
      },
      {
        kind: "plot",
        name: "scaling-memory",
        plot: { kind: "lines", title: "Peak memory", x, y: { title: "GB" }, points: memory },
      },
    ],
  };
}
