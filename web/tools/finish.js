// SPDX-License-Identifier: Apache-2.0
// After the bundler: a gzipped twin beside each text file, and the size of what the first page loads against its bar.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const FIRST_ROUTE_KB_MAX = 130;
const STYLE_KB_MAX = 25;

const folder = process.argv[2];
const html = readFileSync(join(folder, "index.html"), "utf8");
if (/<script(?![^>]*\ssrc=)|<style|\son\w+=/.test(html)) throw new Error("index.html has inline code, which its policy forbids");

const kb = { js: 0, css: 0 };
for (const part of ["", "assets"]) {
  for (const name of readdirSync(join(folder, part))) {
    if (!/\.(html|js|css|svg|txt)$/.test(name)) continue;
    const bytes = readFileSync(join(folder, part, name));
    const small = gzipSync(bytes, { level: 9 });
    if (small.length < bytes.length) writeFileSync(join(folder, part, `${name}.gz`), small);
    const kind = name.split(".").at(-1);
    if (html.includes(`/assets/${name}"`)) kb[kind] += small.length / 1000;
  }
}
console.log(`first route: ${kb.js.toFixed(1)} kB of script, ${kb.css.toFixed(1)} kB of style, gzipped`);
if (kb.js > FIRST_ROUTE_KB_MAX || kb.css > STYLE_KB_MAX) {
  throw new Error(`over the bar of ${FIRST_ROUTE_KB_MAX} kB of script and ${STYLE_KB_MAX} kB of style`);
}
