-- SPDX-License-Identifier: Apache-2.0
-- wrk script: asks for tokens by the client credentials grant.
-- Arguments: FILE of lines "client_id secret", taken in turn.

dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "summary.lua")

local requests = {}
local at = 0

function init(args)
  for line in io.lines(args[1]) do
    local id, secret = line:match("^(%S+) (%S+)$")
    if id then
      local body = "grant_type=client_credentials&client_id=" .. id .. "&client_secret=" .. secret
      requests[#requests + 1] = wrk.format("POST", nil, {
        ["Content-Type"] = "application/x-www-form-urlencoded",
      }, body)
    end
  end
  -- Runs one after the other do not begin with the same client.
  at = os.time() % #requests
end

function request()
  at = at % #requests + 1
  return requests[at]
end
