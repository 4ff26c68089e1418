-- SPDX-License-Identifier: Apache-2.0
-- wrk script: asks for tokens by forms that were made ahead, each sent once.
-- Arguments: FILE of lines "form", or "form proof": what the DPoP header is to say.

local requests = {}
local at = 0

function init(args)
  for line in io.lines(args[1]) do
    local form, proof = line:match("^(%S+) ?(%S*)$")
    local headers = { ["Content-Type"] = "application/x-www-form-urlencoded" }
    if proof ~= "" then
      headers["DPoP"] = proof
    end
    requests[#requests + 1] = wrk.format("POST", nil, headers, form)
  end
end

-- Who runs out of them ends: what is sent twice would be refused.
function request()
  at = at + 1
  if at >= #requests then
    wrk.thread:stop()
  end
  return requests[math.min(at, #requests)]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"us":%d,"refused":%d,"errors":%d,"p50":%d,"p99":%d,"p999":%d}\n',
    summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
