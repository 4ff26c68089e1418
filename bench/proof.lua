-- SPDX-License-Identifier: Apache-2.0
-- wrk script: calls an API with a token that is bound to a key, by proofs that were made ahead,
-- each sent once. Argument: FILE with the token in its first line and a proof in each other one.

dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "summary.lua")

local proofs = {}
local before, after
local at = 0

function init(args)
  local file = assert(io.open(args[1]))
  local whole = wrk.format("GET", nil, {
    ["Authorization"] = "DPoP " .. file:read("*l"),
    ["DPoP"] = "@",
  })
  before, after = whole:match("^(.-DPoP: )@(.*)$")
  for proof in file:lines() do
    proofs[#proofs + 1] = proof
  end
  file:close()
end

-- Who runs out of them ends: what is sent twice would be refused.
function request()
  at = at + 1
  if at >= #proofs then
    wrk.thread:stop()
  end
  return before .. proofs[math.min(at, #proofs)] .. after
end
