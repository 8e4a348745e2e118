import { expect, test } from "vitest";
import { csvTable, htmlTable, markdownTable, type Table } from "./table.ts";

const table: Table = {
  title: "t",
  columns: [{ name: "name" }, { name: "VI", digits: 2 }, { name: "voxels" }],
  rows: [
    ["a|b", 1.005_9, 1234567],
    ['say "<hi>", twice', null, 0.125],
    [{ text: "there", href: "https://example.org/?a=1&b=2" }, 2, 3],
  ],
};

test("Markdown: padded columns, rounded where asked, bars escaped", () => {
  expect(markdownTable(table)).toBe(
    [
      "| name                                  | VI   | voxels    |",
      "| ------------------------------------- | ---- | --------- |",
      "| a\\|b                                  | 1.01 | 1,234,567 |",
      '| say "<hi>", twice                     | –    | 0.125     |',
      "| [there](https://example.org/?a=1&b=2) | 2.00 | 3         |",
    ].join("\n"),
  );
});

test("CSV: all digits, quotes where needed", () => {
  expect(csvTable(table)).toBe('name,VI,voxels\na|b,1.0059,1234567\n"say ""<hi>"", twice",,0.125\nthere,2,3\n');
});

test("HTML: what comes from data is text", () => {
  const html = htmlTable(table);
  expect(html).toContain("<td>say &quot;&lt;hi&gt;&quot;, twice</td>");
  expect(html).toContain('<a href="https://example.org/?a=1&amp;b=2">there</a>');
  expect(html).toContain('<td class="number">1.01</td>');
});
