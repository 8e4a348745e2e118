/** A run into a DVID server (the stand-in) whose tasks are Spark's: blocks, scales and indices come from the executors. AXONLOOM_FULL=1. */
import { sparkEngineFactory } from "@axonloom/core";
import { expect, onTestFinished, test } from "vitest";
import { expectWhole, newRepo } from "./dvid-look.ts";
import { startFakeDvid } from "./fake-dvid/index.ts";
import { configOf, runSmall, smallVolume } from "./fixtures.ts";
import { sharedSpark } from "./shared-spark.ts";
import { fullTests, sparkAvailable } from "./spark-cluster.ts";

test.skipIf(!sparkAvailable || !fullTests)(
  "a run into a DVID server on Spark: the labels, indices and scales of the local engine",
  async () => {
    const folder = smallVolume();
    const options = { "chunk-size": 64, border: 8 };
    const local = await runSmall(configOf(folder, options));
    const dvid = await startFakeDvid();
    onTestFinished(() => dvid.stop());
    const root = await newRepo(dvid);
    const destination = `dvid://${dvid.host}/${root}/seg`;
    const { server } = await sharedSpark();
    const engine = sparkEngineFactory({ url: server.url, token: server.token });
    const config = configOf(folder, { ...options, "checkpoint-dir": `${folder}/spark.run` }, { output: { destination } });
    const { summary } = await runSmall(config, { engine });
    expect(summary).toMatchObject({ digest: local.summary.digest, bodies: local.summary.bodies, output: destination });
    await expectWhole(dvid, `node/${root}/seg`, [96, 96, 96]);
  },
  300_000,
);
