// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { fromBase64url, toBase64url } from "./passkeys.js";

test("bytes come back from base64url, which has no padding", () => {
  for (let length = 0; length < 70; ++length) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 37 + 251) & 255);
    const text = toBase64url(bytes);
    assert.match(text, /^[\w-]*$/);
    assert.deepEqual([...fromBase64url(text)], [...bytes]);
  }
});
