// Starts a server, prints the process id of what guards it, and stays: for the test that kills this process.
import { startSparkServer } from "@axonloom/core";

const { pid } = await startSparkServer({ master: "local[1]", heap: "1g" });
console.log(pid);
setInterval(() => {}, 1000);
