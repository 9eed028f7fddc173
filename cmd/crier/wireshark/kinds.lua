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

local ZEROS = ("\0"):rep(16)

-- address reads an address and port, or an empty bin for none, as the field called name. It is a
-- group's if group is set, and else one that one receiver can have.
local function address(c, name, group)
  local b, at = c:bin(18)
  if not b then return nil end
  local text = ""
  if #b > 0 then
    if #b ~= 6 and #b ~= 18 then return nil end
    local a = sub(b, 1, -3)
    if #a == 16 and sub(a, 1, 12) == ("\0"):rep(10) .. "\255\255" then a = sub(a, 13) end
    local multicast = #a == 4 and byte(a) >= 224 and byte(a) < 240 or #a == 16 and byte(a) == 255
    if sub(b, -2) == "\0\0" or multicast ~= group or
      a == sub(ZEROS, 1, #a) or a == "\255\255\255\255" then return nil end
    text = endpoint(b)
  end
  c:note(name, at, #b, text)
  return text
end

-- short reads a number of any width as the field called name.
local function short(c, name)
  local at = c.at
  local v = c:uint()
  if v then c:note(name, at - 1, c.at - at, v) end
  return v
end

-- further reads a position in a further channel.
local function further(c)
  local more = list(c, 2)
  local p = {}
  p.channel = more and short(c, "further.channel")
  p.position = p.channel and short(c, "further.position")
  if not p.position or not less(p.channel, 256) then return nil end
  p.written, p.synced = 0, 0
  if more >= 2 then
    p.written = short(c, "further.written")
    p.synced = p.written and short(c, "further.synced")
    if not p.synced or less(p.written, p.synced) then return nil end
    more = more - 2
  end
  return skips(c, more) and p or nil
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
  [10] = function(c, f)
    local more = list(c, 2)
    f.groups = more and c:u32("groups")
    if not f.groups or f.groups == 0 or f.groups > 256 then return false end
    f.base = address(c, "base", true)
    if not f.base then return false end
    if more > 0 then
      local channels = c:u32("channels")
      if not channels or channels > 256 then return false end
      f.channels, more = f.channels or channels, more - 1
    end
    return skips(c, more)
  end,
  [11] = function(c, f)
    if f.kind ~= 4 then return skips(c, 1) end
    local n = c:array()
    if not n or n > 4 then return false end
    f.controls = {}
    for i = 1, n do
      f.controls[i] = address(c, "feed.control", false)
      if not f.controls[i] then return false end
    end
    return true
  end,
  [12] = function(c, f)
    if f.kind ~= 6 then return skips(c, 1) end
    local n = c:array()
    if not n or n >= 256 then return false end
    f.further = {}
    for i = 1, n do
      f.further[i] = further(c)
      if not f.further[i] then return false end
    end
    return true
  end,
  [13] = function(c, f)
    local value = text(c, "name", 255)
    if f.kind == 15 then f.name = value end
    return value ~= nil
  end,
  [14] = function(c, f)
    local more = list(c, 2)
    f.host = more and text(c, "host", 255)
    f.process = f.host and c:u64("process")
    return f.process and skips(c, more)
  end,
  [15] = function(c, f)
    f.rate_bytes, f.rate_messages = pair(c, "rate.bytes", "rate.messages")
    return f.rate_bytes ~= nil
  end,
  [16] = function(c, f)
    f.subscribers = c:u64("subscribers")
    return f.subscribers ~= nil
  end,
  [17] = function(c, f)
    local value, at = c:u64("request")
    if f.kind == 15 then f.request = value ~= 0 and at or nil end
    return at ~= nil
  end,
}

-- properties reads a map, whose keys are those of a kind alone, or of PROPERTIES.
local function properties(c, f, keys)
  local from = c.at
  local n = c:map()
  if not n then return false end
  local all = c:note("properties", from - 1, 0)
  for _ = 1, n do
    local at = c.at
    local read = (keys or PROPERTIES)[c:uint() or false]
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

-- message_headers reads the headers of a message.
local function message_headers(c)
  local n = c:map()
  if not n or n > 32 then return false end
  for _ = 1, n do
    local name, at = c:str(255)
    if not name or name == "" or not is_utf8(name) then return false end
    c:note("header.name", at, #name)
    local value
    value, at = c:bin(65507)
    if not value then return false end
    c:note("header.value", at, #value)
  end
  return true
end

-- message_properties reads the key and the headers of a message.
local function message_properties(c)
  local from, n = c.at, c:map()
  if not n then return false end
  local all = c:note("chunk.properties", from - 1, 0)
  local last = -1
  for _ = 1, n do
    local key = c:code()
    if not key or key >= 0x80 or key <= last then return false end
    last, c.at = key, c.at + 1
    if key == 0 then
      local value, at = c:bin(255)
      if not value then return false end
      if #value > 0 then c:note("chunk.key", at, #value) end
    elseif key == 1 then
      if not message_headers(c) then return false end
    elseif not skips(c, 1) then
      return false
    end
  end
  if all then c.items[all + 2] = c.at - from end
  return c.at - from <= 1024
end

-- chunks reads the chunks of DATA.
local function chunks(c, f)
  local start = c.at
  local n = c:array()
  if not n then return false end
  local sum = c:note("chunks", start - 1, c.at - start, 0)
  local list, offset, fits, total, mark_at, with = {}, f.offset, true, nil, nil, 0
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
        if not message_properties(c) then return false end
        chunk.with, with = true, with + 1
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
  f.chunks, f.messages, f.with = list, minus(offset, f.offset), with
  c:note("messages", start - 1, c.at - start, f.messages)
  -- the flags and the chunks must agree
  if #list == 0 and (f.continues or f.unfinished) then return false end
  for i, chunk in ipairs(list) do
    local starts = i > 1 or not f.continues
    local unfinished = i == #list and f.unfinished
    if (chunk.total ~= nil) ~= (starts and unfinished) or
      chunk.skip and (not starts or unfinished) or chunk.with and not starts or
      chunk.total and chunk.size >= chunk.total then return false end
  end
  return true
end

local function control(c, f)
  f.control = address(c, "control", false)
  return f.control ~= nil
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
    if not f.first_offset or not control(c, f) then return false end
    f.channels = c:u32("channels")
    return f.channels and name(c, f) and properties(c, f)
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
    f.value = f.what and
      c:u64("value", f.what == 3 and instant or f.what == 6 and duration or nil)
    return f.value and f.what < 256 and name(c, f) and properties(c, f)
  end,
  [15] = function(c, f)
    if not time(c, f) then return false end
    f.wall = c:time("wall", instant)
    if not f.wall or not control(c, f) then return false end
    f.topic = text(c, "topic", 255)
    local more = f.topic and f.topic ~= "" and list(c, 2)
    f.channels = more and c:u32("channels")
    f.groups = f.channels and c:u32("groups")
    if not f.groups or f.channels > 256 or f.groups == 0 or f.groups > f.channels or
      not skips(c, more) then return false end
    f.base = address(c, "base", true)
    f.interval = f.base and c:time("interval")
    return f.interval and properties(c, f) and less(f.process or 0, WORD) and
      less(f.subscribers or 0, WORD)
  end,
}
-- FIELDS count the elements between header and tag.
local FIELDS = { 4, 3, 8, 8, 5, 8, 3, 6, 8, [11] = 17, [12] = 6, [15] = 8 }
