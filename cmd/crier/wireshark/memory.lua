-- What is remembered of earlier frames. It is found once, as packets are first read in order,
-- and shown whenever they are dissected again.

local sessions, session_count     -- by id and channel: their next sequence number
local requests, request_order, request_at -- NACKs by session and request
local recent, recent_count        -- the last NACKs of a session
local notes, note_count           -- by the frame's key

local function forget()
  sessions, session_count = {}, 0
  requests, request_order, request_at = {}, {}, 0
  recent, recent_count = {}, 0
  notes, note_count = {}, 0
end
forget()
crier.init = forget -- as a capture is opened

local function note_of(key)
  local n = notes[key]
  if not n and note_count < MAX_NOTES then
    n = {}
    notes[key], note_count = n, note_count + 1
  end
  return n or {}
end

-- follow looks for gaps: next is the sequence number that should come, past what comes then.
local function follow(f, key, first, past)
  local of = f.session .. f.channel
  local next = sessions[of]
  if not next then
    if session_count >= MAX_SESSIONS then return end
    session_count = session_count + 1
  elseif less(next, first) then
    note_of(key).gap = { first = next, last = minus(first, 1) }
  elseif past and less(first, next) then
    note_of(key).again = true
  end
  local to = past or first
  if not next or less(next, to) then sessions[of] = to end
end

-- asked remembers a NACK.
local function asked(f, key, pinfo)
  local n = note_of(key)
  n.number, n.time, n.ranges, n.answers = pinfo.number, pinfo.rel_ts, f.ranges, {}
  local name = f.session .. sub(f.s, f.request, f.request + 7)
  requests[name] = n
  request_at = request_at % MAX_REQUESTS + 1
  local old = request_order[request_at]
  if old and old ~= name then requests[old] = nil end
  request_order[request_at] = name
  local list = recent[f.session]
  if not list then
    if recent_count >= MAX_SESSIONS then return end
    list = { at = 0 }
    recent[f.session], recent_count = list, recent_count + 1
  end
  list.at = list.at % RECENT + 1
  list[list.at] = n
end

-- answered links an answer with its NACK.
local function answered(nack, key, pinfo)
  if not nack then return end
  note_of(key).nack = nack
  local list = nack.answers
  if #list < MAX_ANSWERS and list[#list] ~= pinfo.number then list[#list + 1] = pinfo.number end
end

-- confirmed finds the last NACK that asked for what a CONFIRM names.
local function confirmed(f)
  local list, r = recent[f.session], f.ranges[1]
  if not list or not r then return nil end
  for i = 0, RECENT - 1 do
    local n = list[(list.at - 1 - i) % RECENT + 1]
    for _, want in ipairs(n and n.ranges or {}) do
      if not less(r.last, want.first) and not less(want.last, r.first) then return n end
    end
  end
end

local function remember(f, key, pinfo)
  if not crier.prefs.find_gaps or f.state ~= "whole" then return end
  local k = f.kind
  if k == 1 then
    follow(f, key, f.sequence, (plus(f.sequence, 1)))
  elseif k == 3 or k == 9 then
    follow(f, key, f.next_sequence)
  elseif k == 5 then
    asked(f, key, pinfo)
  elseif k == 2 or k == 8 then
    answered(requests[f.session .. sub(f.s, f.request, f.request + 7)], key, pinfo)
  elseif k == 7 then
    answered(confirmed(f), key, pinfo)
  end
end
