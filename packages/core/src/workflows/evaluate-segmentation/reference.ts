/** The reference page of an evaluation's configuration, made from its schema. */
import { schemaSections } from "../../config/reference.ts";
import { evaluationJsonSchema } from "./schema.ts";

const INTRODUCTION = `# Configuration of an evaluation

<!-- Made from the schema by scripts/make-docs.mjs: do not edit. -->

The file that \`axonloom evaluate-segmentation\` takes, ending in \`.json\`, \`.yml\` or \`.yaml\`. The options are those of DVIDSparkServices'
EvaluateSeg, and a few more. All problems are reported at once; an unknown key is an error. Relative paths start at the folder of the
file. Coordinates and sizes are x, y, z. [How to evaluate](../how-to/evaluate.md) has examples.
`;

export function evaluationReferenceMarkdown(): string {
  return [INTRODUCTION, ...schemaSections(evaluationJsonSchema())].join("\n");
}
