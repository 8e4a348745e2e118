/**
 * Labels and grey values into a real DVID server and back (AXONLOOM_DVID), beside plain `raw` calls with lz4, as the original system makes
 * them; both with so many boxes in flight, from one thread. "write": ready for proofreading, with label indices and three lower scales.
 * Rates of both sides in the same run, in turns, each into a new instance.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createVolume, openVolume, publishVolume } from "@axonloom/core";
import { compressLz4Block, decompressLz4Block } from "@axonloom/kernels";
import { Agent, request } from "undici";
import { fillPyramidCell, pyramidTasks } from "../packages/core/dist/workflows/pyramid.js";
import { loadInput, makeInputs } from "./inputs.mjs";

const SCRIPTS = fileURLToPath(new URL("../../shared/services/dvid/", import.meta.url));
const PORT = 18_700;
/** Voxels z, y, x of what is written, and of a box. */
const SHAPE = [256, 512, 512];
const BOX = [128, 128, 256];
const FLIGHTS = [1, 4, 16];

export async function benchDvidServer({ folder, emit, rounds }) {
  const program = process.env.AXONLOOM_DVID;
  if (!program || !existsSync(program))
    throw new Error(`expected the path of a DVID server's program in AXONLOOM_DVID, found "${program ?? ""}"`);
  await makeInputs(folder, ["pinky40_u32"]);
  const boxes = await boxesOf(folder);
  const dvid = mkdtempSync(join(tmpdir(), "axonloom-bench-dvid-"));
  const agent = new Agent({ connections: 16, headersTimeout: 0, bodyTimeout: 0 });
  try {
    const server = start(program, dvid);
    const call = caller(server, agent);
    for (let round = 1; round <= rounds; round++) {
      for (const flight of FLIGHTS) {
        const measured = async (name, operation) => {
          const from = process.hrtime.bigint();
          const bytes = await operation();
          const seconds = Number(process.hrtime.bigint() - from) / 1e9;
          const voxels = SHAPE[0] * SHAPE[1] * SHAPE[2];
          const rates = { mvox_per_s: voxels / seconds / 1e6, mb_per_s: bytes / seconds / 1e6 };
          emit({ kind: "dvid-server", name, flight, round, seconds, ...rates, load: loadavg()[0] });
        };
        const sides = [plainLabels(call, boxes, flight), ourLabels(server, boxes, flight), ...greys(call, server, boxes, flight)];
        for (const side of round % 2 === 1 ? sides : sides.reverse()) await (await side)(measured);
      }
    }
  } finally {
    await agent.close();
    execFileSync(join(SCRIPTS, "stop-dvid"), [dvid]);
    rmSync(dvid, { recursive: true, force: true });
  }
}

async function boxesOf(folder) {
  const { data, shape } = await loadInput(folder, "pinky40_u32");
  const boxes = [];
  for (let z = 0; z < SHAPE[0]; z += BOX[0])
    for (let y = 0; y < SHAPE[1]; y += BOX[1])
      for (let x = 0; x < SHAPE[2]; x += BOX[2]) {
        const labels = new BigUint64Array(BOX[0] * BOX[1] * BOX[2]);
        let i = 0;
        for (let dz = 0; dz < BOX[0]; dz++)
          for (let dy = 0; dy < BOX[1]; dy++) {
            const row = ((z + dz) * shape[1] + y + dy) * shape[2] + x;
            for (let dx = 0; dx < BOX[2]; dx++) labels[i++] = BigInt(data[row + dx]);
          }
        const start = [z, y, x];
        boxes.push({ start, box: { start, stop: start.map((v, a) => v + BOX[a]) }, labels, grey: Uint8Array.from(labels, Number) });
      }
  return boxes;
}

function start(program, folder) {
  const out = execFileSync(join(SCRIPTS, "start-dvid"), [folder, String(PORT), program], { encoding: "utf8" });
  const value = (name) => new RegExp(`^${name}=(.*)$`, "m").exec(out)[1];
  process.env.AXONLOOM_DVID_ADMIN_TOKEN = value("admin_token");
  return { url: value("url"), host: new URL(value("url")).host, admin: value("admin_token") };
}

function caller({ url, admin }, agent) {
  return async (method, path, body) => {
    const query = path.includes("?") ? "&" : "?";
    const reply = await request(`${url}/api/${path}${query}admintoken=${admin}`, { method, body, dispatcher: agent });
    const answer = new Uint8Array(await reply.body.arrayBuffer());
    if (reply.statusCode !== 200)
      throw new Error(`${method} ${path}: ${reply.statusCode} ${Buffer.from(answer).toString().slice(0, 300)}`);
    return answer;
  };
}

const newRepo = async (call) =>
  JSON.parse(Buffer.from(await call("POST", "repos", JSON.stringify({ alias: "bench", description: "" }))).toString()).root;

/** All of `list`, so many at once. Sums what `work` returns. */
async function inFlight(list, flight, work) {
  let [next, sum] = [0, 0];
  const hand = async () => {
    while (next < list.length) {
      const count = await work(list[next++]);
      sum += count ?? 0;
    }
  };
  await Promise.all(Array.from({ length: flight }, hand));
  return sum;
}

const boxPath = ({ start }) => `raw/0_1_2/${[...BOX].reverse().join("_")}/${[...start].reverse().join("_")}`;
const bytesOf = (labels) => new Uint8Array(labels.buffer, labels.byteOffset, labels.byteLength);

/** `raw` with lz4: the server makes the index, and none of the lower scales. */
async function plainLabels(call, boxes, flight) {
  const root = await newRepo(call);
  await call("POST", `repo/${root}/instance`, JSON.stringify({ typename: "labelmap", dataname: "seg", BlockSize: "64,64,64" }));
  return async (measured) => {
    await measured("plain write", () =>
      inFlight(boxes, flight, async (box) => {
        await call("POST", `node/${root}/seg/${boxPath(box)}?compression=lz4`, compressLz4Block(bytesOf(box.labels)));
        return box.labels.byteLength;
      }),
    );
    await measured("plain read", () =>
      inFlight(boxes, flight, async (box) => {
        const answer = await call("GET", `node/${root}/seg/${boxPath(box)}?compression=lz4`);
        return decompressLz4Block(answer, box.labels.byteLength).byteLength;
      }),
    );
  };
}

const specOf = (dtype, kind, options = {}) => ({
  dtype,
  kind,
  bounds: { start: [0, 0, 0], stop: SHAPE },
  voxelSizeNm: [40, 4, 4],
  options,
});

async function ourLabels({ host, url, admin }, boxes, flight) {
  const call = caller({ url, admin });
  const destination = `dvid://${host}/${await newRepo(call)}/seg`;
  const spec = specOf("uint64", "labels", { levels: 4 });
  return async (measured) => {
    const total = boxes.reduce((sum, { labels }) => sum + labels.byteLength, 0);
    await measured("write", async () => {
      const store = await createVolume(destination, spec);
      await measured("of it blocks", async () => {
        await inFlight(boxes, flight, ({ box, labels }) => store.write(box, { data: labels, shape: BOX }));
        return total;
      });
      await measured("of it scales", async () => {
        for (const level of await pyramidTasks(store.source)) await inFlight(level, flight, (task) => fillPyramidCell(task));
        return total;
      });
      await measured("of it index", async () => {
        const fresh = { above: 0n, upTo: 2n ** 40n };
        const shares = [];
        await inFlight(boxes, flight, async ({ box }) => {
          shares.push(await store.bodies.count(box, new BigUint64Array(0), fresh));
        });
        await store.bodies.update(shares, fresh);
        return total;
      });
      await publishVolume(destination);
      return total;
    });
    const store = await openVolume(destination);
    await measured("read", () =>
      inFlight(boxes, flight, async ({ box, labels }) => {
        const { data } = await store.read(box);
        if (data[1000] !== labels[1000] || data.at(-1) !== labels.at(-1))
          throw new Error("other labels were read than were written");
        return labels.byteLength;
      }),
    );
  };
}

/** Grey values: written by us once, read plainly and by us. */
function greys(call, { host }, boxes, flight) {
  const prepared = (async () => {
    const root = await newRepo(call);
    const destination = `dvid://${host}/${root}/grey`;
    const made = await createVolume(destination, specOf("uint8", "image"));
    for (const { box, grey } of boxes) await made.write(box, { data: grey, shape: BOX });
    await publishVolume(destination);
    return { root, destination };
  })();
  const plain = async (measured) => {
    const { root } = await prepared;
    await measured("plain grey read", () =>
      inFlight(boxes, flight, async (box) => (await call("GET", `node/${root}/grey/${boxPath(box)}`)).length),
    );
  };
  const ours = async (measured) => {
    const { destination } = await prepared;
    const store = await openVolume(destination);
    await measured("grey read", () => inFlight(boxes, flight, async ({ box }) => (await store.read(box)).data.length));
  };
  return [plain, ours];
}

/** Rates of each name and number in flight: the best of the rounds, and ours against the plain ones. */
export function dvidServerRows(records) {
  const best = new Map();
  for (const { name, flight, mvox_per_s, mb_per_s } of records) {
    const key = `${name} ${flight}`;
    if ((best.get(key)?.mvox_per_s ?? 0) < mvox_per_s) best.set(key, { mvox_per_s, mb_per_s });
  }
  return ["write", "of it blocks", "of it scales", "of it index", "read", "grey read"].flatMap((name) =>
    FLIGHTS.map((flight) => {
      const [ours, plain] = [best.get(`${name} ${flight}`), best.get(`plain ${name} ${flight}`)];
      return { name, flight, ours, plain, ratio: ours && plain && ours.mvox_per_s / plain.mvox_per_s };
    }),
  );
}
