-- Frames: which bytes are one, its parts, and its line

-- HEADS are the codes of the fields at fixed places, as in reliable/frame/shape.go.
local HEADS = { "UUUa", "UUb", "UUUUUUuU", "UUUUb", "UUUUa", "UUUUb", "UUa", "UUUUUa", "UUUUUUuU",
  [11] = "UUUUUUUUUUUUUub", [12] = "UUuUb", [13] = "UUUb", [14] = "UUUb", [15] = "UUb",
  [16] = "Uuub" }

local function flag(flags, bit) return flags % (2 * bit) >= bit end

local HEADER, TAG, LONG_TAG = 20, 6, 18

-- head returns how many bytes the array's head has beyond one, if s may begin a frame.
local function head(s)
  local c = byte(s, 1)
  local more = c == 0xdc and 2 or 0
  if not c or #s < HEADER + more or more == 0 and (c < 0x90 or c >= 0xa0) or
    byte(s, 4 + more) ~= 0xcd or byte(s, 7 + more) ~= 0xcf or byte(s, 16 + more) ~= 0xce then
    return nil
  end
  return more
end

-- resembles reports whether s is a frame of this version, or begins one: it has the codes of
-- the header and of the fields at fixed places.
local function resembles(s)
  local more = head(s)
  local heads = more and byte(s, 2 + more) == 1 and HEADS[byte(s, 3 + more)]
  if not heads then return false end
  local at = HEADER + more + 1
  for i = 1, #heads do
    local c, want = byte(s, at), byte(heads, i)
    if not c then return true end
    if want == 85 then -- U
      if c ~= 0xcf then return false end
      at = at + 9
    elseif want == 117 then -- u
      if c ~= 0xce then return false end
      at = at + 5
    elseif want == 98 then -- b
      if c ~= 0xc4 and c ~= 0xc5 then return false end
    elseif not (c >= 0x90 and c < 0xa0 or c == 0xdc) then
      return false
    end
  end
  return true
end

-- tag_of returns the status of the tag that ends s: see TAGS.
local function tag_of(s)
  local n = #s - TAG
  if n >= HEADER and byte(s, n + 1) == 0xc4 and byte(s, n + 2) == 4 then
    if not crier.prefs.check_tags then return 2 end
    local a, b, c, d = byte(s, n + 3, n + 6)
    return crc32c(s, n) == a * 16777216 + b * 65536 + c * 256 + d and 1 or 0
  end
  n = #s - LONG_TAG
  if n >= HEADER and byte(s, n + 1) == 0xc4 and byte(s, n + 2) == 16 then return 4 end
  return 3
end

-- parse parses a frame: s are the bytes of tvb. It returns nil where it is none of crier's.
-- cut says that s is only the frame's beginning, and inner that it is within a REPAIR, where
-- there is no further one.
local function parse(tvb, s, cut, inner)
  local tag = cut and 3 or tag_of(s)
  local more = head(s)
  if not more then -- perhaps another version, of which nothing else is known
    more = byte(s, 1) == 0xdc and 2 or 0
    local c, version = byte(s, 1), byte(s, 2 + more)
    if tag ~= 1 or not (more == 2 or c >= 0x90 and c < 0xa0) or not version or
      version == 1 or version >= 128 then
      return nil
    end
    return { tag = tag, s = s, tvb = tvb, items = {}, state = "newer", version = version }
  end
  local version, kind, _, f1, f2 = byte(s, 2 + more, 6 + more)
  if tag ~= 1 and not resembles(s) or tag == 3 and not cut or version >= 128 or
    version == 1 and kind >= 128 then
    return nil
  end
  if version ~= 1 then
    return { tag = tag, s = s, tvb = tvb, items = {}, state = "newer", version = version,
      more = more }
  end
  local c1, c2, c3, c4 = byte(s, 17 + more, 20 + more)
  local f = { tag = tag, s = s, tvb = tvb, items = {}, state = "whole", version = version,
    more = more, kind = kind, flags = f1 * 256 + f2, session = sub(s, 8 + more, 15 + more),
    session_at = 8 + more, channel = ((c1 * 256 + c2) * 256 + c3) * 256 + c4 }
  local critical = floor(f.flags / 256)
  if kind == 1 or kind == 3 or kind == 4 or kind == 9 or kind == 15 then
    f.replay_flag = flag(critical, 0x20)
    if f.replay_flag then critical = critical - 0x20 end
  end
  if kind == 1 then
    critical = floor(critical / 4)
    f.continues, f.unfinished = flag(f.flags, 0x100), flag(f.flags, 0x200)
  end
  if cut then
    f.state = "cut"
    return f
  end
  if not FIELDS[kind] or critical ~= 0 then
    f.state = "newer"
    return f
  end
  if tag == 0 or tag == 4 then
    f.state = "damaged"
    if tag == 4 then return f end
  end
  local n = more == 2 and byte(s, 2) * 256 + byte(s, 3) or byte(s, 1) - 0x90
  local extra = n - 5 - FIELDS[kind] - 1
  local c = setmetatable({ s = s, tvb = tvb, at = HEADER + more + 1, last = #s - TAG,
    items = f.items, count = 0 }, Cursor)
  local good = extra >= 0 and BODIES[kind](c, f)
  if good and (kind == 3 or kind == 9) and extra > 0 and c:code() == 0xcf then
    f.report = c:u64("report")
    good, extra = f.report ~= nil, extra - 1
    if f.report == 0 then f.report = nil end
  end
  while good and extra > 0 do
    local past = skip(s, c.at, c.last)
    if past then
      c:note("extra", c.at - 1, past - c.at)
      c.at, extra = past, extra - 1
    else
      good = false
    end
  end
  good = good and c.at == c.last + 1
  f.parsed = good
  if not good then
    f.items = {}
    if tag == 1 and not resembles(s) then return nil end
    if f.state == "whole" then f.state = "malformed" end
    return f
  end
  if kind == 2 and not inner then
    f.data = parse(tvb(f.inner_at, #f.inner):tvb(), f.inner, false, true)
    local d = f.data
    if d and (not d.parsed or d.tag == 0) then d = nil end
    if f.state == "whole" and not (d and d.kind == 1 and d.session == f.session and
      d.channel == f.channel) then
      f.state = "malformed"
    end
    if not d then f.data = nil end
  end
  return f
end

local NONE = {}

-- title adds the properties that name a stream and its other sessions.
local function title(f, add)
  local s = f.s
  if f.topic and f.topic ~= "" then add("topic=%s", quoted(f.topic)) end
  if f.key and f.key ~= "" then
    add("key=%s", (f.key:gsub(".", function(c) return format("%02x", byte(c)) end)))
  end
  if f.prev then
    add("prev=%s@%s/%s", digits(s, f.prev), decimal(f.prev_sequence), decimal(f.prev_offset))
  end
  if f.replay then add("replay=%s", digits(s, f.replay)) end
end

-- layout_text adds a session's layout, if it is told.
local function layout_text(f, add)
  if not f.groups then return end
  add("channels=%d groups=%d base=%s", f.channels or 0, f.groups,
    f.base ~= "" and f.base or "by-name")
end

-- further_text adds the first eight positions in further channels, and the number of the rest.
local function further_text(f, add)
  local out = {}
  for i, p in ipairs(f.further or NONE) do
    if i > 8 then
      out[#out + 1] = format("+%d more", #f.further - 8)
      break
    end
    local text = format("%d:%s", p.channel, decimal(p.position))
    if f.written then text = format("%s/%s/%s", text, decimal(p.written), decimal(p.synced)) end
    out[#out + 1] = text
  end
  if #out > 0 then add("further=%s", table.concat(out, ",")) end
end

-- announce_text adds the fields of ANNOUNCE.
local function announce_text(f, add)
  add("topic=%s name=%s", quoted(f.topic), quoted(f.name or ""))
  layout_text(f, add)
  if f.control ~= "" then add("control=%s", f.control) end
  add("t=%s wall=%s interval=%s", duration(f.time), instant(f.wall), duration(f.interval))
  if f.host and (f.host ~= "" or f.process ~= 0) then
    add("host=%s pid=%s", quoted(f.host), decimal(f.process))
  end
  add("rate=%sB/s,%s/s subscribers=%s", decimal(f.rate_bytes or 0), decimal(f.rate_messages or 0),
    decimal(f.subscribers or 0))
  for _, t in ipairs(f.announced or NONE) do
    add("team=%s/%s/%s/%s", quoted(t.name), word(SHARES, t.share, "share"), decimal(t.members),
      decimal(t.lag))
  end
  if f.request then add("req=%s", id(f.s, f.request)) end
end

-- digest_text adds the fields of DIGEST.
local function digest_text(f, add)
  local s = f.s
  add("by=%s/%s req=%s v=%s name=%s oldest=%s/%s pos=%s next=%s/%s", digits(s, f.responder),
    ROLES[f.role] or format("role(%d)", f.role), id(s, f.request), decimal(f.version_of),
    quoted(f.name), decimal(f.oldest_sequence), decimal(f.oldest_offset), decimal(f.position),
    decimal(f.next_sequence), decimal(f.next_offset))
  if f.written and f.written ~= 0 then
    add("written=%s synced=%s", decimal(f.written), decimal(f.synced))
  end
  if f.at_sequence then add("at=%s/%s", decimal(f.at_sequence), decimal(f.at_offset)) end
  if f.part_from ~= f.oldest_sequence or f.part_to ~= f.whole_to then
    add("part=%s-%s", decimal(f.part_from), decimal(f.part_to))
  end
  if #f.ranges > 0 then add("absent=%s", ranges_text(f.ranges)) end
  if f.proposal then add("proposal=%s", digits(s, f.proposal)) end
  if f.holder and f.holder ~= "" then add("holder=%s", quoted(f.holder)) end
  add("first=%s/%s t=%s heard=%s", decimal(f.first_sequence), decimal(f.first_offset),
    duration(f.time), duration(f.heard))
  if f.wall ~= 0 then add("wall=%s", instant(f.wall)) end
  title(f, add)
  layout_text(f, add)
  for i, word in ipairs({ "live", "full", "final", "ended" }) do
    if flag(f.flags, 8 * 2 ^ i) then add(word) end
  end
end

-- line describes a frame as crier decode does.
local function line(f)
  if not f.kind then return format("version %d (it needs a newer crier)", f.version) end
  local s = f.s
  local out = { format("%s s=%s", KINDS[f.kind] or format("KIND(%d)", f.kind),
    digits(s, f.session_at)) }
  local function add(...) out[#out + 1] = format(...) end
  local function echo()
    if f.echo ~= 0 then add("echo=%s+%s", duration(f.echo), duration(f.held)) end
  end
  if f.parsed then
    if f.channel ~= 0 then add("ch=%d", f.channel) end
    if f.replay_flag then add("replay") end
    local k = f.kind
    if k == 1 then
      add("seq=%s off=%s t=%s chunks=%d", decimal(f.sequence), decimal(f.offset),
        duration(f.time), #f.chunks)
      if f.continues then add("continues") end
      if f.unfinished then add("unfinished") end
      for _, c in ipairs(f.skips and f.chunks or NONE) do
        if c.skip then add("skip=%s", decimal(c.skip)) end
      end
      if f.with > 0 then add("with-properties=%d", f.with) end
      out[#out] = out[#out] .. sizes_text(f.chunks)
    elseif k == 2 then
      add("by=%s req=%s data=%dB", digits(s, f.responder), id(s, f.request), #f.inner)
      if f.data then add("of %s", line(f.data)) end
    elseif k == 3 or k == 9 then
      add("next=%s/%s oldest=%s/%s t=%s interval=%s group=%d rtt=%s", decimal(f.next_sequence),
        decimal(f.next_offset), decimal(f.oldest_sequence), decimal(f.oldest_offset),
        duration(f.time), duration(f.interval), f.group, duration(f.round_trip))
      if f.report then add("report=%s", decimal(f.report)) end
    elseif k == 4 then
      add("name=%s first=%s/%s t=%s wall=%s", quoted(f.name), decimal(f.first_sequence),
        decimal(f.first_offset), duration(f.time), instant(f.wall))
      if f.control ~= "" then add("control=%s", f.control) end
      title(f, add)
      layout_text(f, add)
      if f.teams then add("teams") end
      if f.controls and #f.controls > 0 then
        add("controls=%s", table.concat(f.controls, ","))
      end
    elseif k == 5 then
      add("sub=%s req=%s missing=%s", digits(s, f.subscriber), id(s, f.request),
        ranges_text(f.ranges))
      echo()
    elseif k == 6 then
      add("sub=%s name=%s pos=%s room=%s", digits(s, f.subscriber), quoted(f.name),
        decimal(f.position), decimal(f.room))
      echo()
      if flag(f.flags, 1) then add("want-session") end
      if flag(f.flags, 2) then add("leaving") end
      if flag(f.flags, 8) then add("contested") end
      if f.written then add("written=%s synced=%s", decimal(f.written), decimal(f.synced)) end
      further_text(f, add)
    elseif k == 7 then
      add("by=%s coming=%s t=%s", digits(s, f.responder), ranges_text(f.ranges), duration(f.time))
    elseif k == 8 then
      add("by=%s req=%s gone=%s oldest=%s/%s t=%s", digits(s, f.responder), id(s, f.request),
        ranges_text(f.ranges), decimal(f.oldest_sequence), decimal(f.oldest_offset),
        duration(f.time))
      if flag(f.flags, 4) then add("too-large") end
    elseif k == 11 then
      digest_text(f, add)
    elseif k == 12 then
      add("sub=%s req=%s what=%s", digits(s, f.subscriber), id(s, f.request),
        WHATS[f.what] or format("what(%d)", f.what))
      if f.what == 2 then add("off=%s", decimal(f.value)) end
      if f.what == 3 then add("at=%s", instant(f.value)) end
      if f.what == 6 then add("spread=%s", duration(f.value)) end
      add("name=%s", quoted(f.name))
      title(f, add)
    elseif k == 13 then
      claim_text(f, add)
      if flag(f.flags, 2) then out[#out + 1] = "leaving" end
      listed(f.claims, "claims", claim_entry_text, add)
    elseif k == 14 then
      grant_text(f, add)
    elseif k == 15 then
      announce_text(f, add)
    elseif k == 16 then
      team_text(f, add)
    end
  end
  if f.state == "damaged" then add("(damaged: its tag is wrong)") end
  if f.state == "malformed" then add("(malformed)") end
  if f.state == "newer" then add("(it needs a newer crier)") end
  if f.state == "cut" then add("(cut short by the capture: %d of %d bytes)", f.have, f.size) end
  return table.concat(out, " ")
end
