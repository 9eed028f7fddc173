-- Texts, as crier prints them

local function digits(s, at) -- 16 hexadecimal ones
  return format("%02x%02x%02x%02x%02x%02x%02x%02x", byte(s, at, at + 7))
end

-- id is a number in as few hexadecimal digits as it has.
local function id(s, at)
  local text = digits(s, at):gsub("^0+", "")
  if text == "" then return "0" end
  return text
end

-- decimals appends a fraction of so many digits, without zeros at its end.
local function decimals(whole, fraction, width)
  if fraction == 0 then return format("%d", whole) end
  local text = format("%0" .. width .. "d", fraction):gsub("0+$", "")
  return format("%d.%s", whole, text)
end

-- seconds returns whole seconds, and nanoseconds.
local function seconds_of(v)
  if type(v) == "number" then
    local ns = v % 1000000000
    return (v - ns) / 1000000000, ns
  end
  local billion = UInt64(1000000000)
  return (v / billion):tonumber(), (v % billion):tonumber()
end

-- duration formats nanoseconds as Go does, such as 1.5ms or 1m30s.
local function duration(v)
  local seconds, ns = seconds_of(v)
  if seconds == 0 then
    if ns == 0 then return "0s" end
    if ns < 1000 then return format("%dns", ns) end
    if ns < 1000000 then return decimals(floor(ns / 1000), ns % 1000, 3) .. "µs" end
    return decimals(floor(ns / 1000000), ns % 1000000, 6) .. "ms"
  end
  local text = decimals(seconds % 60, ns, 9) .. "s"
  if seconds >= 60 then
    text = format("%dm%s", floor(seconds / 60) % 60, text)
  end
  if seconds >= 3600 then text = format("%dh%s", floor(seconds / 3600), text) end
  return text
end

-- instant formats nanoseconds since 1970.
local function instant(v)
  local seconds, ns = seconds_of(v)
  local days = floor(seconds / 86400)
  -- by the civil calendar, as os.date has its own limits
  local z = days + 719468
  local era = floor(z / 146097)
  local doe = z - era * 146097
  local yoe = floor((doe - floor(doe / 1460) + floor(doe / 36524) - floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + floor(yoe / 4) - floor(yoe / 100))
  local mp = floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  local fraction = ""
  if ns > 0 then fraction = "." .. format("%09d", ns):gsub("0+$", "") end
  return format("%04d-%02d-%02dT%02d:%02d:%02d%sZ", year, month,
    doy - floor((153 * mp + 2) / 5) + 1, floor(seconds / 3600) % 24, floor(seconds / 60) % 60,
    seconds % 60, fraction)
end

-- quoted is a name in quotes, with what a terminal would act on escaped.
local function quoted(s)
  local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\t"] = "\\t",
    ["\r"] = "\\r", ["\a"] = "\\a", ["\b"] = "\\b", ["\f"] = "\\f", ["\v"] = "\\v" }
  local out, i = {}, 1
  while i <= #s do
    local c = byte(s, i)
    local n = c < 0x80 and 1 or c >= 0xc2 and c < 0xe0 and 2 or c >= 0xe0 and c < 0xf0 and 3
      or c >= 0xf0 and c < 0xf5 and 4 or 0
    local text = sub(s, i, i + n - 1)
    if n > 1 and not (text:match("^.[\128-\191]*$") and #text == n) then n = 0 end
    if n == 0 then
      text, n = format("\\x%02x", c), 1
    elseif n == 1 then
      text = escapes[text] or (c < 0x20 or c == 0x7f) and format("\\x%02x", c) or text
    end
    out[#out + 1] = text
    i = i + n
  end
  return '"' .. table.concat(out) .. '"'
end

-- is_utf8 reports whether s is valid UTF-8.
local function is_utf8(s)
  local i = 1
  while i <= #s do
    local c, d = byte(s, i, i + 1)
    local n = c < 0x80 and 1 or c >= 0xc2 and c < 0xe0 and 2 or c >= 0xe0 and c < 0xf0 and 3
      or c >= 0xf0 and c < 0xf5 and 4 or 0
    local text = sub(s, i, i + n - 1)
    if n == 0 or #text < n or n > 1 and not text:match("^.[\128-\191]*$") or
      c == 0xe0 and d < 0xa0 or c == 0xed and d > 0x9f or c == 0xf0 and d < 0x90 or
      c == 0xf4 and d > 0x8f then return false end
    i = i + n
  end
  return true
end

-- endpoint is an address of 4 or 16 bytes and a port of 2.
local function endpoint(s)
  local a, b = byte(s, #s - 1, #s)
  local port = a * 256 + b
  if #s == 18 and sub(s, 1, 12) == ("\0"):rep(10) .. "\255\255" then s = sub(s, 13) end
  if #s == 6 then
    return format("%d.%d.%d.%d:%d", byte(s, 1), byte(s, 2), byte(s, 3), byte(s, 4), port)
  end
  local groups = {}
  for i = 1, 15, 2 do groups[#groups + 1] = byte(s, i) * 256 + byte(s, i + 1) end
  local from, most, i = 0, 1, 1 -- the longest run of zeros, of two or more
  while i <= 8 do
    local n = 0
    while i + n <= 8 and groups[i + n] == 0 do n = n + 1 end
    if n > most then from, most = i, n end
    i = i + n + 1
  end
  local text = ""
  i = 1
  while i <= 8 do
    if i == from then
      text, i = text .. "::", i + most
    else
      if text ~= "" and sub(text, -1) ~= ":" then text = text .. ":" end
      text, i = text .. format("%x", groups[i]), i + 1
    end
  end
  return format("[%s]:%d", text, port)
end

local function range_text(r)
  if r.first == r.last then return decimal(r.first) end
  return decimal(r.first) .. "-" .. decimal(r.last)
end

-- ranges_text lists the first eight ranges, and the number of the rest.
local function ranges_text(ranges)
  local out = {}
  for i, r in ipairs(ranges) do
    if i > 8 then
      out[#out + 1] = format("+%d more", #ranges - 8)
      break
    end
    out[#out + 1] = range_text(r)
  end
  return table.concat(out, ",")
end

-- sizes_text lists the chunks' sizes, equal ones in a row as one: " sizes=20x64,12".
local function sizes_text(chunks)
  local out, i = {}, 1
  while i <= #chunks do
    local n = 1
    while i + n <= #chunks and chunks[i + n].size == chunks[i].size do n = n + 1 end
    if chunks[i].size then
      if #out == 8 then
        out[9] = format("+%d more", #chunks - i + 1)
        break
      end
      out[#out + 1] = (n > 1 and format("%dx", n) or "") .. format("%d", chunks[i].size)
    end
    i = i + n
  end
  if #out == 0 then return "" end
  return " sizes=" .. table.concat(out, ",")
end
