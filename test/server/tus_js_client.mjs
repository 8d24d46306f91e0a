// SPDX-License-Identifier: Apache-2.0
// One upload by tus-js-client as npm ships it, for tus_js_client_test.py. The job is one JSON argument:
//   {file, options, storage?, isResumed?}   options go to the client as they are; storage is its file of unfinished uploads
// A line on standard input ends it early: "abort", or "terminate", which also removes the upload from the server.
// What happened is told in JSON lines.
import { createReadStream } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(new URL("../../web/package.json", import.meta.url));
const tus = require("tus-js-client");

const job = JSON.parse(process.argv[2]);
const commands = createInterface({ input: process.stdin });

function tell(event, more = {}) {
  console.log(JSON.stringify({ event, ...more }));
  commands.close();
  process.stdin.destroy(); // nothing keeps the process now but what the client still has to do
}

const upload = new tus.Upload(createReadStream(job.file), {
  ...job.options,
  ...(job.storage ? { urlStorage: new tus.FileUrlStorage(job.storage) } : {}),
  onSuccess: () => tell("success", { url: upload.url }),
  onError: (error) => tell("error", { message: error.message }),
});

commands.on("line", async (line) => {
  await upload.abort(line === "terminate");
  tell(line);
});

if (job.isResumed) {
  const previous = await upload.findPreviousUploads();
  if (previous.length !== 1) throw new Error(`${previous.length} unfinished uploads are stored`);
  upload.resumeFromPreviousUpload(previous[0]);
}
upload.start();
