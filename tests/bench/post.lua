-- wrk: POST /submit with 256 bytes of JSON; args: KEYS (0: no key), DEPTH (requests sent at once on a connection).
-- Where $CONNECTIONS says what -c says, it prints "p99_us N": of the answers as they came.
local body = '{"id":"' .. string.rep("i", 36) .. '","processing_time":100,"note":"' .. string.rep("n", 256 - 77) .. '"}'
local ready = {}
local at = 0

function init(args)
  local keys, depth = tonumber(args[1] or "0"), tonumber(args[2] or "1")
  wrk.headers["Content-Type"] = "application/json"
  math.randomseed(os.time())
  for i = 1, 4096 do
    local batch = {}
    for k = 1, depth do
      local path = keys > 0 and "/submit?key=k-" .. math.random(0, keys - 1) or "/submit"
      batch[k] = wrk.format("POST", path, nil, body)
    end
    ready[i] = table.concat(batch)
  end
end

function request()
  at = at % #ready + 1
  return ready[at]
end

-- wrk adds, to each latency above twice the mean time between requests, those of requests that would have been sent meanwhile
-- (stats_correct in its stats.c). It takes the mean between requests, not between batches: with pipelining it adds some fifteen for
-- each, down to where its own percentiles do not look and come out as 0. So they are taken out again, the longest first.
local function without_correction(latency, interval)
  local counts, values = {}, {}
  for i = 1, #latency do
    local value, count = latency(i)
    counts[value], values[i] = count, value
  end
  for i = #values, 1, -1 do
    local count = counts[values[i]]
    for earlier = values[i] - interval, interval + 1, -interval do
      if count > 0 and counts[earlier] then
        counts[earlier] = counts[earlier] - count
      end
    end
  end
  return counts, values
end

function done(summary, latency)
  local a_connection = math.floor(summary.requests / tonumber(os.getenv("CONNECTIONS") or math.huge))
  if a_connection == 0 then
    return
  end
  local counts, values = without_correction(latency, math.floor(summary.duration / a_connection))
  local total, below = 0, 0
  for _, count in pairs(counts) do
    total = total + count
  end
  for _, value in ipairs(values) do
    below = below + counts[value]
    if below >= 0.99 * total then
      print("p99_us " .. value .. " of " .. total)
      return
    end
  end
end
