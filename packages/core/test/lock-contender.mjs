// One of several processes that want the same run folder: "go" tries to lock the folder named, "end" releases it.
import { lockRunFolder } from "../dist/run/lock.js";

let lock = null;
process.on("message", async ({ go, end }) => {
  if (end !== undefined) {
    await lock?.release();
    lock = null;
    process.send("ended");
    return;
  }
  try {
    lock = await lockRunFolder(go);
    process.send("got");
  } catch (error) {
    process.send(error.code ?? String(error));
  }
});
process.send("ready");
