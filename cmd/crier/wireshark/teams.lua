-- Teams: CLAIM, GRANT, TEAM, and what SESSION and ANNOUNCE say of teams

-- SHORT are the fields whose values the dissector reads, and whether these may have 64 bits.
local SHORT = { process = true, ["member.address"] = false, ["announced.share"] = false,
  share = false, refused = false, ["claim.state"] = false, ["grant.state"] = false,
  ["row.state"] = false }
for name in ([[announced.members announced.lag weight messages_at_once window oldest forget
  lease work_time members finished given_up redelivered
  claim.channel claim.epoch claim.sequence claim.done claim.received claim.ranges.from
  claim.ranges.to claim.freed.from claim.freed.to claim.working.from claim.working.to
  grant.channel grant.epoch grant.sequence grant.from grant.to grant.attempt
  passed.channel passed.from passed.to
  member.subscriber member.index member.weight member.room member.outstanding member.done member.age
  row.channel row.owner row.epoch row.done row.newest row.attempt]]):gmatch("%S+") do
  SHORT[name] = true
end

local TIME = UInt64.new(0, 0x80000000) -- 2^63

-- limited reads a number below a limit, of any width, as the field called name.
local function limited(c, name, limit, text)
  local at = c.at
  local v = c:uint()
  if not v or limit and not less(v, limit) then return nil end
  c:note(name, at - 1, c.at - at, v, text and text(v))
  return v
end

-- entries reads an array of arrays of so many elements by read, which gets each one's table.
local function entries(c, fields, most, read)
  local n = c:array()
  if not n or most and n > most then return nil end
  local all = {}
  for i = 1, n do
    local more = list(c, fields)
    local e = {}
    if not more or not read(e) or not skips(c, more) then return nil end
    all[i] = e
  end
  return all
end

-- offsets reads ranges of offsets as fields, and returns how many there are.
local function offsets(c, name)
  local n, at = c:array(), 0
  if not n or n % 2 ~= 0 then return nil end
  for _ = 1, n / 2 do
    local from_at = c.at - 1
    local gap, length = c:uint(), c:uint()
    if not gap or not length then return nil end
    local first, fits = plus(at, gap)
    local past, still = plus(first, length)
    if length == 0 or not fits or not still then return nil end
    c:note(name .. ".from", from_at, c.at - 1 - from_at, first)
    c:note(name .. ".to", from_at, c.at - 1 - from_at, past)
    at = past
  end
  return n / 2
end

PROPERTIES[18] = function(c, f)
  local value = c:u64("teams")
  if f.kind == 4 then f.teams = value and value ~= 0 end
  return value ~= nil
end

PROPERTIES[19] = function(c, f)
  if f.kind ~= 15 then return skips(c, 1) end
  f.announced = entries(c, 4, 8, function(t)
    t.name = text(c, "announced.name", 255)
    t.share = t.name and limited(c, "announced.share", 256)
    t.members = t.share and limited(c, "announced.members", WORD)
    t.lag = t.members and limited(c, "announced.lag")
    return t.lag
  end)
  return f.announced ~= nil
end

-- property returns a reader of a number, as the field called name.
local function property(name, limit, text)
  return function(c, f)
    f[name] = limited(c, name, limit, text)
    return f[name] ~= nil
  end
end

local CLAIM_PROPERTIES = {
  [0] = function(c, f)
    f.name = text(c, "name", 255)
    return f.name ~= nil
  end,
  [1] = property("share", 256),
  [2] = function(c, f)
    f.weight = limited(c, "weight", WORD)
    return f.weight and f.weight ~= 0
  end,
  [3] = property("messages_at_once", WORD),
  [4] = function(c, f)
    f.host = text(c, "host", 255)
    return f.host ~= nil
  end,
  [5] = property("process", WORD),
  [6] = property("window", WORD),
  [7] = property("oldest", 2),
  [8] = property("forget", 2),
}

local GRANT_PROPERTIES = {
  [0] = property("lease", TIME, duration),
  [1] = property("members", WORD),
  [2] = property("refused", 256),
  [3] = property("share", 256),
  [5] = property("work_time", TIME, duration),
  [6] = function(c, f)
    f.passed = entries(c, 3, 256, function(p)
      p.channel = limited(c, "passed.channel", 256)
      p.from = p.channel and limited(c, "passed.from")
      p.to = p.from and limited(c, "passed.to")
      return p.to and not less(p.to, p.from)
    end)
    return f.passed ~= nil
  end,
  [7] = property("finished", 2),
}

local TEAM_PROPERTIES = {
  [0] = property("lease", TIME, duration),
  [1] = property("share", 256),
  [2] = property("given_up"),
  [3] = property("redelivered"),
  [4] = property("refused", 256),
}

-- team_name reads the name of a team.
local function team_name(c, f)
  f.team = text(c, "team", 255)
  return f.team and f.team ~= ""
end

-- working reads what CLAIM and GRANT begin with.
local function working(c, f, stamp)
  local _, at = c:u64("subscriber")
  f.subscriber = at
  if not at or not request(c, f) then return false end
  f[stamp] = c:time(stamp)
  return f[stamp] and team_name(c, f)
end

BODIES[13] = function(c, f)
  if not working(c, f, "granted") or not properties(c, f, CLAIM_PROPERTIES) then return false end
  f.claims = entries(c, 9, nil, function(e)
    e.channel = limited(c, "claim.channel", 256)
    e.epoch = e.channel and limited(c, "claim.epoch")
    e.state = e.epoch and limited(c, "claim.state", 256)
    e.sequence = e.state and limited(c, "claim.sequence")
    e.done = e.sequence and limited(c, "claim.done")
    e.received = e.done and limited(c, "claim.received")
    e.ranges = e.received and offsets(c, "claim.ranges")
    e.freed = e.ranges and offsets(c, "claim.freed")
    e.working = e.freed and offsets(c, "claim.working")
    return e.working
  end)
  return f.claims ~= nil
end

BODIES[14] = function(c, f)
  if not working(c, f, "stamp") or not properties(c, f, GRANT_PROPERTIES) then return false end
  f.grants = entries(c, 7, nil, function(e)
    e.channel = limited(c, "grant.channel", 256)
    e.epoch = e.channel and limited(c, "grant.epoch")
    e.state = e.epoch and limited(c, "grant.state", 256)
    e.sequence = e.state and limited(c, "grant.sequence")
    e.from = e.sequence and limited(c, "grant.from")
    e.to = e.from and limited(c, "grant.to")
    e.attempt = e.to and limited(c, "grant.attempt", WORD)
    return e.attempt and (e.to == 0 or less(e.from, e.to))
  end)
  return f.grants ~= nil
end

BODIES[16] = function(c, f)
  if not request(c, f) then return false end
  f.part_of_answer = c:u32("part_of_answer")
  f.parts = f.part_of_answer and c:u32("parts")
  if not f.parts or f.part_of_answer >= f.parts or not team_name(c, f) or
    not properties(c, f, TEAM_PROPERTIES) then return false end
  f.team_members = entries(c, 9, nil, function(m)
    m.name = text(c, "member.name", 255)
    m.subscriber = m.name and limited(c, "member.subscriber")
    m.address = m.subscriber and address(c, "member.address", false)
    m.index = m.address and limited(c, "member.index", WORD)
    m.weight = m.index and limited(c, "member.weight", WORD)
    m.room = m.weight and limited(c, "member.room", WORD)
    m.outstanding = m.room and limited(c, "member.outstanding", WORD)
    m.done = m.outstanding and limited(c, "member.done")
    return m.done and limited(c, "member.age", TIME, duration)
  end)
  f.rows = f.team_members and entries(c, 7, nil, function(r)
    r.channel = limited(c, "row.channel", 256)
    r.owner = r.channel and limited(c, "row.owner", WORD)
    r.epoch = r.owner and limited(c, "row.epoch")
    r.done = r.epoch and limited(c, "row.done")
    r.newest = r.done and limited(c, "row.newest")
    r.attempt = r.newest and limited(c, "row.attempt", WORD)
    r.state = r.attempt and limited(c, "row.state", 256)
    return r.state
  end)
  return f.rows ~= nil
end

FIELDS[13], FIELDS[14], FIELDS[16] = 6, 6, 7

-- word is a number's word, or the kind of word and the number.
local function word(words, n, kind) return words[n] or format("%s(%d)", kind, n) end

-- listed adds the first eight entries of a list by their text, and the number of the rest.
local function listed(all, name, text, add)
  local out = {}
  for i, e in ipairs(all or {}) do
    if i > 8 then
      out[#out + 1] = format("+%d more", #all - 8)
      break
    end
    out[#out + 1] = text(e)
  end
  if #out > 0 then add("%s=%s", name, table.concat(out, ",")) end
end

local function claim_entry_text(e)
  local text = format("%s:%s@%s:%s/%s-%s", decimal(e.channel), word(CLAIMS, e.state, "state"),
    decimal(e.epoch), decimal(e.done), decimal(e.sequence), decimal(e.received))
  if e.ranges > 0 then text = format("%s+%ddone", text, e.ranges) end
  if e.freed > 0 then text = format("%s+%dfreed", text, e.freed) end
  if e.working > 0 then text = format("%s+%dworking", text, e.working) end
  return text
end

-- claim_text adds the fields of CLAIM, up to its flag.
local function claim_text(f, add)
  local share = f.share or 0
  add("sub=%s req=%s team=%s share=%s", digits(f.s, f.subscriber), id(f.s, f.request),
    quoted(f.team), word(SHARES, share, "share"))
  if f.granted ~= 0 then add("granted=%s", duration(f.granted)) end
  if share ~= 0 then
    add("name=%s weight=%s room=%s window=%s", quoted(f.name or ""), decimal(f.weight or 1),
      decimal(f.messages_at_once or 0), decimal(f.window or 0))
  end
  if f.oldest == 1 then add("oldest") end
  if f.host and f.host ~= "" or f.process and f.process ~= 0 then
    add("host=%s pid=%s", quoted(f.host or ""), decimal(f.process or 0))
  end
  if f.forget == 1 then add("forget") end
end

-- grant_text adds the fields of GRANT.
local function grant_text(f, add)
  add("sub=%s req=%s team=%s share=%s stamp=%s lease=%s members=%s", digits(f.s, f.subscriber),
    id(f.s, f.request), quoted(f.team), word(SHARES, f.share or 0, "share"), duration(f.stamp),
    duration(f.lease or 0), decimal(f.members or 0))
  if f.work_time and f.work_time ~= 0 then add("work-time=%s", duration(f.work_time)) end
  if f.refused and f.refused ~= 0 then add("refused=%s", word(REFUSALS, f.refused, "refusal")) end
  if f.finished == 1 then add("finished") end
  listed(f.passed, "passed", function(p)
    return format("%s:%s-%s", decimal(p.channel), decimal(p.from), decimal(p.to))
  end, add)
  listed(f.grants, "grants", function(e)
    local text = format("%s:%s@%s:%s/%s", decimal(e.channel), word(GRANTS, e.state, "state"),
      decimal(e.epoch), decimal(e.from), decimal(e.sequence))
    if e.to ~= 0 then text = text .. "-" .. decimal(e.to) end
    return text .. "#" .. decimal(e.attempt)
  end, add)
end

-- team_text adds the fields of TEAM.
local function team_text(f, add)
  add("req=%s part=%d/%d team=%s share=%s lease=%s given-up=%s redelivered=%s",
    id(f.s, f.request), f.part_of_answer, f.parts, quoted(f.team),
    word(SHARES, f.share or 0, "share"), duration(f.lease or 0), decimal(f.given_up or 0),
    decimal(f.redelivered or 0))
  if f.refused and f.refused ~= 0 then add("refused=%s", word(REFUSALS, f.refused, "refusal")) end
  add("members=%d", #f.team_members)
  listed(f.rows, "rows", function(r)
    local text = format("%s:%s@%s:%s-%s#%s", decimal(r.channel), word(GRANTS, r.state, "state"),
      decimal(r.epoch), decimal(r.done), decimal(r.newest), decimal(r.attempt))
    if r.owner ~= 0 then text = text .. "/" .. decimal(minus(r.owner, 1)) end
    return text
  end, add)
end
