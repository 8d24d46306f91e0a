// SPDX-License-Identifier: Apache-2.0
// node contract.js IN OUT: the HTTP contract as the server answers it. The same YAML gives the same bytes, and what is no
// OpenAPI 3.1 gives none.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import redocly from "@redocly/openapi-core";
import { parse } from "yaml";

const [from, to] = process.argv.slice(2);
const contract = parse(readFileSync(from, "utf8"), { version: "1.2", schema: "core", strict: true, uniqueKeys: true });
// Not every route has a way to be refused.
const config = await redocly.createConfig({ extends: ["recommended"], rules: { "operation-4xx-response": "off" } });
const faults = await redocly.lint({ ref: from, config });
for (const fault of faults) console.error(`${from}: ${fault.location[0]?.pointer ?? ""}: ${fault.message}`);
if (faults.length > 0) process.exit(1);
mkdirSync(dirname(to), { recursive: true });
// Renamed into place, so that a server that starts meanwhile reads all of it or what was there before.
writeFileSync(`${to}.new`, `${JSON.stringify(contract)}\n`);
renameSync(`${to}.new`, to);
