-- SPDX-License-Identifier: Apache-2.0
-- wrk script: asks for tokens by forms that were made ahead, each sent once.
-- Arguments: FILE of lines "form", or "form proof": what the DPoP header is to say.

dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "summary.lua")

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
