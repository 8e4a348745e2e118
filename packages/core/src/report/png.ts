/** SVG images as PNG, by resvg as WebAssembly, in a font that comes along: the same bytes on every machine. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { FONT } from "./plot.ts";

const require = createRequire(import.meta.url);

let ready: Promise<{ readonly render: (svg: string) => Uint8Array }> | null = null;

/** Twice as many pixels as the image has units, for sharp text. */
export async function svgToPng(svg: string): Promise<Uint8Array> {
  ready ??= prepare();
  return (await ready).render(svg);
}

async function prepare() {
  const [{ initWasm, Resvg }, wasm, ...fontBuffers] = await Promise.all([
    import("@resvg/resvg-wasm"),
    readFile(require.resolve("@resvg/resvg-wasm/index_bg.wasm")),
    ...["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"].map((name) => readFile(require.resolve(`dejavu-fonts-ttf/ttf/${name}`))),
  ]);
  await initWasm(wasm);
  return {
    render(svg: string) {
      const font = { fontBuffers, loadSystemFonts: false, defaultFontFamily: FONT, sansSerifFamily: FONT };
      const image = new Resvg(svg, { fitTo: { mode: "zoom", value: 2 }, background: "white", font });
      try {
        return image.render().asPng();
      } finally {
        image.free();
      }
    },
  };
}
