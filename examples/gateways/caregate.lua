-- SPDX-License-Identifier: Apache-2.0
-- Asks Caregate whether a request may pass. A refusal is handed to the caller as it is; who is
-- calling is set on a request that passes. What cannot be asked does not pass.
local TOLD = {"caregate-client-id", "caregate-organisation", "caregate-subject", "caregate-scope",
              "caregate-token-id", "caregate-actor-subject", "caregate-authorization-details",
              "x-request-id"}
-- Of the request's headers all are told but these: which of them matter is for Caregate to know.
local KEPT = {["connection"] = true, ["content-length"] = true, ["expect"] = true, ["host"] = true,
              ["te"] = true, ["transfer-encoding"] = true, ["upgrade"] = true}

local function question(txn)
    local headers = {}
    for name, values in pairs(txn.http:req_get_headers()) do
        if not KEPT[name] then
            headers[name] = {}
            for index, value in pairs(values) do
                headers[name][index + 1] = value
            end
        end
    end
    headers["x-original-method"] = {txn.sf:method()}
    headers["x-original-uri"] = {txn.sf:pathq()}
    return headers
end

local function refuse(txn, answer)
    local reply = txn:reply()
    reply:set_status(answer and answer.status ~= 0 and answer.status or 503)
    for name, values in pairs(answer and answer.headers or {}) do
        if name ~= "content-length" and name ~= "connection" and name ~= "transfer-encoding" then
            for _, value in pairs(values) do
                reply:add_header(name, value)
            end
        end
    end
    reply:set_body(answer and answer.body or "")
    txn:done(reply)
end

core.register_action("caregate", {"http-req"}, function(txn, url)
    local answer = core.httpclient():get{url = url, headers = question(txn), timeout = 5000}
    if not answer or answer.status ~= 200 then
        refuse(txn, answer)
        return
    end
    for _, name in ipairs(TOLD) do
        txn.http:req_del_header(name)
        if answer.headers[name] then
            txn.http:req_set_header(name, answer.headers[name][0])
        end
    end
end, 1)
