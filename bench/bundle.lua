-- SPDX-License-Identifier: Apache-2.0
-- wrk script: posts one FHIR Bundle with one token. The argument: files of the token and of it.

dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "summary.lua")

function init(args)
  local token, bundle = args[1]:match("^(%S+) (%S+)$")
  local file = assert(io.open(token))
  wrk.headers["Authorization"] = "Bearer " .. file:read("*l")
  file:close()
  file = assert(io.open(bundle))
  wrk.method = "POST"
  wrk.body = file:read("*a")
  wrk.headers["Content-Type"] = "application/fhir+json"
  file:close()
end
