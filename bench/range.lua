-- SPDX-License-Identifier: Apache-2.0
-- wrk: random aligned ranges of 1 MiB of a file of `size` bytes, with a header where one is given.
local size = tonumber(os.getenv("BENCH_SIZE"))
local range = 1048576
local authorization = os.getenv("BENCH_AUTHORIZATION")
local started = 0

function setup(thread)
  started = started + 1
  thread:set("seed", started)
end

function init()
  math.randomseed(seed)
end

function request()
  local at = math.random(0, size / range - 1) * range
  local headers = { Range = string.format("bytes=%d-%d", at, at + range - 1) }
  if authorization then headers.Authorization = authorization end
  return wrk.format("GET", nil, headers)
end

function done(summary, latency)
  io.write(string.format('JSON {"requests":%d,"bytes":%d,"us":%d,"errors":%d,"p50_us":%d,"p99_us":%d}\n', summary.requests,
    summary.bytes, summary.duration, summary.errors.status + summary.errors.read + summary.errors.connect +
    summary.errors.write + summary.errors.timeout, latency:percentile(50), latency:percentile(99)))
end
