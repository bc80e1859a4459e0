-- Sixteen numbers to sort, in every request others, so that no cache knows the answer. The first number counts up; the rest come from a
-- pool that is written before the clock starts, since formatting numbers in Lua would cost more than sorting them in the service.
dofile("bench/http_status.lua")

local POOL = 1024
local tails, state, count = {}, os.time() % 4294967296, 1000000000

local function number()
    state = (state * 1664525 + 1013904223) % 4294967296
    return string.format("%d", state)
end

function init()
    for k = 1, POOL do
        local values = {}
        for i = 1, 15 do values[i] = number() end
        tails[k] = "," .. table.concat(values, ",") .. "]}"
    end
end

function request()
    count = count + 1
    local body = '{"values":[' .. string.format("%d", count) .. tails[count % POOL + 1]
    return "POST /v1/solve/sort HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " ..
        #body .. "\r\n\r\n" .. body
end
