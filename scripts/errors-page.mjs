/** Markdown of docs/reference/errors.md, from the tables of error codes. */
export function errorsMarkdown(coreErrors, kernelErrors) {
  const core = Object.entries(coreErrors).map(
    ([code, { kind, about }]) => `| \`${code}\` | ${kind === "user" ? 2 : 1} | ${about} |`,
  );
  const kernels = Object.entries(kernelErrors).map(([code, about]) => `| \`${code}\` | ${about} |`);
  return `# Errors

<!-- Made from the tables of error codes by scripts/make-docs.mjs: do not edit. -->

Every error that a user can meet has a code. Its message says what was expected, what was found, where, and what to do. The
exit code of the command is 2 where something can be mended (a file, a key, a path) and 1 where a run failed; [there are more](exit-codes.md).

| code | exit code | meaning |
| --- | --- | --- |
${core.join("\n")}

Functions of \`@axonloom/kernels\` throw errors of their own:

| code | meaning |
| --- | --- |
${kernels.join("\n")}
`;
}
