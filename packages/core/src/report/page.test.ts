import { expect, test } from "vitest";
import { reportHtml } from "./page.ts";
import { reportMarkdown } from "./save.ts";
import type { Report } from "./types.ts";

const report: Report = {
  title: "A & B",
  parts: [
    { kind: "text", text: "1 < 2" },
    { kind: "table", name: "t", table: { title: "Table", columns: [{ name: "n" }], rows: [["<b>"]] }, note: "a note" },
    {
      kind: "plot",
      name: "p",
      plot: { kind: "lines", title: "Plot", x: { title: "x" }, y: { title: "y" }, points: [{ series: "s", x: 1, y: 1 }] },
    },
    {
      kind: "heat-map",
      map: {
        title: "Map",
        measures: [{ name: "</script><b>", unit: "bits" }],
        cells: [
          {
            box_xyz: [
              [0, 0, 0],
              [1, 1, 1],
            ],
            values: [0.5],
          },
        ],
      },
    },
  ],
};

test("a page loads nothing, and data cannot leave their place", async () => {
  const html = await reportHtml(report);
  // Names of namespaces are no addresses; nothing else may look like one.
  expect(html.replaceAll(/xmlns(:xlink)?="[^"]*"|"http:\/\/www\.w3\.org\/2000\/svg"/g, "")).not.toMatch(
    /https?:|src=|@import|url\(|<link/,
  );
  expect(html).toContain("default-src 'none'");
  expect(html).toContain("<h1>A &amp; B</h1>");
  expect(html).toContain("<td>&lt;b&gt;</td>");
  expect(html.match(/<\/script>/g)).toHaveLength(2);
  expect(html).not.toContain("</script><b>");
});

test("Markdown has texts, tables with their notes, and the plots as files beside it", () => {
  expect(reportMarkdown(report)).toBe("# A & B\n\n1 < 2\n\n## Table\n\na note\n\n| n   |\n| --- |\n| <b> |\n\n![Plot](p.svg)\n");
});
