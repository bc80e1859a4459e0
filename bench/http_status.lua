-- Prints one line that a script can read: requests a second, p99 in microseconds, answers that were no 200, errors of sockets.
function done(summary, latency)
    local e = summary.errors
    print(string.format("RESULT %.0f %.0f %d %d", summary.requests / (summary.duration / 1e6), latency:percentile(99),
        e.status, e.connect + e.read + e.write + e.timeout))
end
