-- The kinds

-- ranges reads an array of pairs into f.ranges; name is their sum's.
local function ranges(c, f, name)
  local start = c.at
  local n = c:array()
  if not n or n % 2 ~= 0 then return false end
  local sum = c:note(name, start - 1, 0, 0)
  local list, at, total = {}, 0, 0
  for _ = 1, n / 2 do
    local from_at = c.at - 1
    local gap, length = c:uint(), c:uint()
    if not gap or not length then return false end
    local first, fits = plus(at, gap)
    local past, still = plus(first, length)
    if length == 0 or not fits or not still then return false end
    local r = { first = first, last = minus(past, 1) }
    list[#list + 1] = r
    if noting then c:note("range", from_at, c.at - 1 - from_at, range_text(r), r) end
    at, total = past, plus(total, length)
  end
  if sum then c.items[sum + 2], c.items[sum + 3] = c.at - start, total end
  f.ranges = list
  return true
end

-- text reads a bin as the field called name.
local function text(c, name, most)
  local value, at = c:bin(most)
  if not value then return nil end
  if #value > 0 then c:note(name, at, #value) end
  return value
end

-- list reads the head of an array of so many elements, and returns how many more it has.
local function list(c, fields)
  local n = c:array()
  return n and n >= fields and n - fields or nil
end

local function skips(c, n)
  for _ = 1, n do
    local past = skip(c.s, c.at, c.last)
    if not past then return false end
    c.at = past
  end
  return true
end

-- pair reads an array of two numbers.
local function pair(c, first, second)
  local more = list(c, 2)
  local a = more and c:u64(first)
  local b = a and c:u64(second)
  if not b or not skips(c, more) then return nil end
  return a, b
end

-- PROPERTIES read the values that are known, by their keys.
local PROPERTIES = {
  [1] = function(c, f)
    f.topic = text(c, "topic", 255)
    return f.topic ~= nil
  end,
  [2] = function(c, f)
    local more, sequence, offset = list(c, 7), nil, nil
    local _, at = nil, nil
    if more then _, at = c:u64("prev.session") end
    if not at or not c:u32("prev.channel") then return false end
    sequence = c:u64("prev.sequence")
    offset = sequence and c:u64("prev.offset")
    if not offset or not text(c, "prev.topic", 255) or not text(c, "prev.publisher", 255) or
      not text(c, "prev.key", 32) or not skips(c, more) then return false end
    f.prev, f.prev_sequence, f.prev_offset = at, sequence, offset
    return true
  end,
  [3] = function(c, f)
    local value, at = c:u64("replay")
    f.replay = value ~= 0 and at or nil
    return at ~= nil
  end,
  [4] = function(c, f)
    f.key = text(c, "key", 32)
    return f.key ~= nil
  end,
  [5] = function(c, f)
    f.written, f.synced = pair(c, "written", "synced")
    return f.written and not less(f.written, f.synced)
  end,
  [6] = function(c, f)
    f.at_sequence, f.at_offset = pair(c, "at.sequence", "at.offset")
    return f.at_sequence ~= nil
  end,
  [7] = function(c, f)
    local value, at = c:u64("proposal")
    f.proposal = value ~= 0 and at or nil
    return at ~= nil
  end,
  [8] = function(c, f)
    f.part_from, f.part_to = pair(c, "part.from", "part.to")
    return f.part_from and not less(f.part_to, f.part_from)
  end,
  [9] = function(c, f)
    f.holder = text(c, "holder", 255)
    return f.holder ~= nil
  end,
}

-- properties reads a map.
local function properties(c, f)
  local code, from, n = c:code(), c.at, nil
  if code and code >= 0x80 and code < 0x90 then
    n, c.at = code - 0x80, from + 1
  elseif code == 0xde and from + 2 <= c.last then
    n, c.at = byte(c.s, from + 1) * 256 + byte(c.s, from + 2), from + 3
  else
    return false
  end
  local all = c:note("properties", from - 1, 0)
  for _ = 1, n do
    local at = c.at
    local read = PROPERTIES[c:uint() or false]
    if c.at == at and not skips(c, 1) then return false end
    c:note("property.key", at - 1, c.at - at)
    at = c.at
    local value = c:note("property.value", at - 1, 0)
    if read then
      if not read(c, f) then return false end
    elseif not skips(c, 1) then
      return false
    end
    if value then c.items[value + 2] = c.at - at end
  end
  if all then c.items[all + 2] = c.at - from end
  return true
end

local function name(c, f)
  local text, at = c:bin(255)
  if not text then return false end
  f.name = text
  c:note("name", at, #text)
  return true
end

local MAX_MESSAGE = 16777216
local MAX_SKIP = 1099511627776 -- 2^40

-- chunks reads the chunks of DATA.
local function chunks(c, f)
  local start = c.at
  local n = c:array()
  if not n then return false end
  local sum = c:note("chunks", start - 1, c.at - start, 0)
  local list, offset, fits, total, mark_at = {}, f.offset, true, nil, nil
  for _ = 1, n do
    local code, at = c:code(), c.at
    if not code then return false end
    if code == 0xc4 or code == 0xc5 or code == 0x92 then
      if code == 0x92 then c.at = at + 1 end
      local data, from = c:bin(65507)
      if not data then return false end
      local chunk = { size = #data, total = total }
      list[#list + 1] = chunk
      chunk.offset, chunk.mark_at = offset, mark_at
      c:note("chunk", from, #data, nil, chunk)
      if code == 0x92 then
        local past = skip(c.s, c.at, c.last)
        if not past then return false end
        c:note("chunk.properties", c.at - 1, past - c.at)
        c.at = past
      end
      total, mark_at = nil, nil
      offset, fits = plus(offset, 1)
      if not fits then return false end
    elseif total then
      return false -- a length mark must precede a message
    elseif code == 0xc0 then
      c.at = at + 1
      local last = c.count - ITEM + 1
      if last > 0 and c.items[last] == "padding" then
        c.items[last + 2] = c.items[last + 2] + 1
      else
        c:note("padding", at - 1, 1)
      end
    elseif code == 0xce then
      if at + 4 > c.last then return false end
      total, mark_at = c:word(at), at
      c.at = at + 5
      if total == 0 or total > MAX_MESSAGE then return false end
    elseif code == 0xcf then
      local v = c:u64("skip")
      if not v or v == 0 or less(MAX_SKIP, v) then return false end
      list[#list + 1], f.skips = { skip = v }, true
      offset, fits = plus(offset, v)
      if not fits then return false end
    else
      return false
    end
  end
  if total then return false end
  if sum then c.items[sum + 3] = #list end
  f.chunks, f.messages = list, minus(offset, f.offset)
  c:note("messages", start - 1, c.at - start, f.messages)
  -- the flags and the chunks must agree
  if #list == 0 and (f.continues or f.unfinished) then return false end
  for i, chunk in ipairs(list) do
    local starts = i > 1 or not f.continues
    local unfinished = i == #list and f.unfinished
    if (chunk.total ~= nil) ~= (starts and unfinished) or
      chunk.skip and (not starts or unfinished) or
      chunk.total and chunk.size >= chunk.total then return false end
  end
  return true
end

local ZEROS = ("\0"):rep(16)

-- control reads an address that one receiver can have, or none.
local function control(c, f)
  local b, at = c:bin(18)
  if not b then return false end
  f.control = ""
  if #b > 0 then
    if #b ~= 6 and #b ~= 18 then return false end
    local a = sub(b, 1, -3)
    if #a == 16 and sub(a, 1, 12) == ("\0"):rep(10) .. "\255\255" then a = sub(a, 13) end
    if sub(b, -2) == "\0\0" or a == sub(ZEROS, 1, #a) or a == "\255\255\255\255" or
      #a == 4 and byte(a) >= 224 and byte(a) < 240 or #a == 16 and byte(a) == 255 then
      return false
    end
    f.control = endpoint(b)
  end
  c:note("control", at, #b, f.control)
  return true
end

local function asker(c, f)
  local at
  _, at = c:u64("subscriber")
  if not at then return false end
  f.subscriber = at
  _, at = c:u64("request")
  f.request = at
  if not at then return false end
  f.echo = c:time("echo")
  f.held = f.echo and c:time("held")
  return f.held ~= nil
end

local function answerer(c, f)
  local _, at = c:u64("responder")
  f.responder = at
  return at ~= nil
end

local function request(c, f)
  local _, at = c:u64("request")
  f.request = at
  return at ~= nil
end

local function oldest(c, f)
  f.oldest_sequence = c:u64("oldest.sequence")
  f.oldest_offset = f.oldest_sequence and c:u64("oldest.offset")
  return f.oldest_offset ~= nil
end

local function time(c, f)
  f.time = c:time("time")
  return f.time ~= nil
end

local function beat(c, f)
  if not time(c, f) then return false end
  f.next_sequence = c:u64("next.sequence")
  f.next_offset = f.next_sequence and c:u64("next.offset")
  if not f.next_offset or not oldest(c, f) then return false end
  f.interval = c:time("interval")
  f.group = f.interval and c:u32("group")
  f.round_trip = f.group and c:time("round_trip")
  return f.round_trip and not less(f.next_sequence, f.oldest_sequence) and
    not less(f.next_offset, f.oldest_offset)
end

local LAST = "18446744073709551615"

-- digest reads the fields of DIGEST.
local function digest(c, f)
  if not answerer(c, f) or not request(c, f) or not time(c, f) then return false end
  f.version_of = c:u64("digest_version")
  if not f.version_of or not oldest(c, f) then return false end
  f.position = c:u64("position")
  f.next_sequence = f.position and c:u64("next.sequence")
  f.next_offset = f.next_sequence and c:u64("next.offset")
  f.wall = f.next_offset and c:time("wall", instant)
  f.first_sequence = f.wall and c:u64("first.sequence")
  f.first_offset = f.first_sequence and c:u64("first.offset")
  f.heard = f.first_offset and c:time("heard")
  f.role = f.heard and c:u32("role")
  if not f.role or f.role > 255 or not name(c, f) or not properties(c, f) then return false end
  f.whole_to = f.position
  if less(f.position, f.oldest_sequence) then f.whole_to = f.oldest_sequence end
  if not f.part_from then f.part_from, f.part_to = f.oldest_sequence, f.whole_to end
  if less(f.next_sequence, f.oldest_sequence) or less(f.next_sequence, f.position) or
    less(f.next_offset, f.oldest_offset) or less(f.part_from, f.oldest_sequence) or
    less(f.next_sequence, f.part_to) or not ranges(c, f, "absent") then return false end
  local n = #f.ranges
  return n == 0 or not less(f.ranges[1].first, f.part_from) and less(f.ranges[n].last, f.part_to)
end

-- BODIES parse what stands between header and tag, and say whether it is well-formed.
local BODIES = {
  [1] = function(c, f)
    f.sequence = c:u64("sequence")
    f.offset = f.sequence and c:u64("offset")
    return f.offset and time(c, f) and decimal(f.sequence) ~= LAST and
      chunks(c, f)
  end,
  [2] = function(c, f)
    if not answerer(c, f) or not request(c, f) then return false end
    local inner, at = c:bin(65507)
    if not inner then return false end
    f.inner, f.inner_at = inner, at
    c:note("datagram", at, #inner)
    return true
  end,
  [3] = beat,
  [4] = function(c, f)
    if not time(c, f) then return false end
    f.wall = c:time("wall", instant)
    f.first_sequence = f.wall and c:u64("first.sequence")
    f.first_offset = f.first_sequence and c:u64("first.offset")
    return f.first_offset and control(c, f) and c:u32("channels") and name(c, f) and
      properties(c, f)
  end,
  [5] = function(c, f) return asker(c, f) and ranges(c, f, "missing") end,
  [6] = function(c, f)
    if not asker(c, f) or not name(c, f) then return false end
    f.position = c:u64("position")
    f.room = f.position and c:u64("room")
    return f.room and properties(c, f)
  end,
  [7] = function(c, f) return answerer(c, f) and time(c, f) and ranges(c, f, "coming") end,
  [8] = function(c, f)
    return answerer(c, f) and request(c, f) and time(c, f) and oldest(c, f) and
      ranges(c, f, "gone")
  end,
  [9] = beat,
  [11] = digest,
  [12] = function(c, f)
    local _, at = c:u64("subscriber")
    f.subscriber = at
    if not at or not request(c, f) then return false end
    f.what = c:u32("what")
    f.value = f.what and c:u64("value", f.what == 3 and instant)
    return f.value and f.what < 256 and name(c, f) and properties(c, f)
  end,
}
-- FIELDS count the elements between header and tag.
local FIELDS = { 4, 3, 8, 8, 5, 8, 3, 6, 8, [11] = 17, [12] = 6 }
