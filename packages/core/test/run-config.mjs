// Runs a configuration file; the test ends this process without warning.
import { createSegmentation, loadConfig } from "@axonloom/core";

await createSegmentation(await loadConfig(process.argv[2]), {
  workers: 2,
  onEvent: (event) => console.log(JSON.stringify(event)),
});
