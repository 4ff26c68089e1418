-- SPDX-License-Identifier: Apache-2.0
-- wrk script: calls an API with one token, which the file that is the argument holds.

dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "summary.lua")

-- Without a function "request" wrk makes the call once and runs no Lua for each: the load must cost
-- less than what it loads.
function init(args)
  local file = assert(io.open(args[1]))
  wrk.headers["Authorization"] = "Bearer " .. file:read("*l")
  file:close()
end
