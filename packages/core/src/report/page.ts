/** A report as a page that needs nothing but a browser: no network, no other file. */
import { heatMapHtml, heatMapScript } from "./heat-map.ts";
import { escapeHtml } from "./html.ts";
import { plotSvg } from "./plot.ts";
import { htmlTable } from "./table.ts";
import type { Report, ReportPart } from "./types.ts";

/** The whole file. What comes from data is escaped; the policy in its head forbids the browser to load anything. */
export async function reportHtml({ title, parts }: Report): Promise<string> {
  const inner: string[] = [];
  for (const part of parts) inner.push(await partHtml(part));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
${inner.join("\n")}
<script>${heatMapScript}</script>
</body>
</html>
`;
}

async function partHtml(part: ReportPart): Promise<string> {
  switch (part.kind) {
    case "text":
      return `<p>${escapeHtml(part.text)}</p>`;
    case "plot":
      return `<figure>${await plotSvg(part.plot)}</figure>`;
    case "heat-map":
      return heatMapHtml(part.map);
    case "table": {
      const note = part.note === undefined ? "" : `<p>${escapeHtml(part.note)}</p>`;
      return `<h2>${escapeHtml(part.table.title)}</h2>\n${note}<div class="wide">${htmlTable(part.table)}</div>`;
    }
  }
}

const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; color: #1c1c1c; background: #fff; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 0.2rem 0.8rem 0.2rem 0; border-bottom: 1px solid #ddd; text-align: left; vertical-align: top; }
td.number { text-align: right; }
figure { margin: 1rem 0; overflow-x: auto; } figure svg { max-width: 100%; height: auto; }
.heat-map svg { width: 26rem; max-width: 100%; }
.heat-map label { margin-right: 1.5rem; } .heat-map input { vertical-align: middle; width: 16rem; }
.heat-map rect:hover { stroke: #000; stroke-width: 2px; }
`;
