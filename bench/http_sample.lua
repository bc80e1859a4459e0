-- One sample of 20 steps from a mixture of 8 in the plane; the seed counts up, so that no cache knows the answer.
dofile("bench/http_status.lua")

local head = '{"model":{"type":"mixture","means":[[-2,0],[2,1],[0,3],[1,-2],[3,3],[-3,2],[-1,-1],[2,-3]],"stds":[0.5]},' ..
    '"path":"edm","sampler":{"solver":"dpmpp_2m","steps":20},"count":1,"seed":'
local seed = os.time() * 100000

function request()
    seed = seed + 1
    local body = head .. string.format("%d", seed) .. "}"
    return "POST /v1/sample HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " ..
        #body .. "\r\n\r\n" .. body
end
