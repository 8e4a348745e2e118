import { expect, test } from "vitest";

// What the published packages offer. A change is meant or it is a mistake: npm test -- test/exports -u writes the lists anew.
test.each(["@axonloom/kernels", "@axonloom/core", "@axonloom/core/stages", "axonloom"])("%s", async (name) => {
  const names = Object.keys(await import(name)).sort();
  const file = name.replace("@axonloom/", "").replace("/", "-");
  await expect(`${names.join("\n")}\n`).toMatchFileSnapshot(`./exports/${file}.txt`);
});
