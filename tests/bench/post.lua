-- wrk: POST /submit with 256 bytes of JSON; args: KEYS (0: no key), DEPTH (requests sent at once on a connection).
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
