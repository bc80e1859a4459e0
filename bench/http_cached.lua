-- Posts $BODY again and again: after the first answer, cache hits.
dofile("bench/http_status.lua")
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = os.getenv("BODY")
