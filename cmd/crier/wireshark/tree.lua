-- The tree

local FLAGS = {
  [1] = { "flags.continues", "flags.unfinished", "flags.replay" },
  [3] = { "flags.replay" },
  [4] = { "flags.replay" },
  [6] = { "flags.want_session", "flags.leaving", "flags.contested" },
  [8] = { "flags.too_large" },
  [9] = { "flags.replay" },
  [11] = { "flags.live", "flags.full", "flags.final", "flags.ended" },
  [13] = { "flags.leaving" },
  [15] = { "flags.replay" },
}
local KNOWN = { [1] = 0x2300, [3] = 0x2000, [4] = 0x2000, [6] = 11, [8] = 4, [9] = 0x2000,
  [11] = 0xf0, [13] = 2, [15] = 0x2000 }

local function unknown_flags(f)
  local rest = f.flags
  if rest == 0 then return 0 end
  for _, bit in ipairs({ 0x2000, 0x200, 0x100, 0x80, 0x40, 0x20, 0x10, 8, 4, 2, 1 }) do
    if flag(rest, bit) and flag(KNOWN[f.kind] or 0, bit) then rest = rest - bit end
  end
  return rest
end

local function grow_header(tree, f)
  local tvb, more = f.tvb, f.more
  tree:add(F.version, tvb(1 + more, 1))
  if not f.kind then return end
  tree:add(F.kind, tvb(2 + more, 1))
  local flags = tree:add(F.flags, tvb(4 + more, 2))
  for _, name in ipairs(FLAGS[f.kind] or {}) do flags:add(F[name], tvb(4 + more, 2)) end
  local rest = unknown_flags(f)
  if rest ~= 0 then
    flags:add_proto_expert_info(E.flags, format("Unknown flags: 0x%04x", rest))
  end
  tree:add(F.session, tvb(7 + more, 8))
  tree:add(F.channel, tvb(16 + more, 4))
end

-- WIDE are the fields of 64 bits whose values aren't bytes of the frame.
local WIDE = { messages = true, missing = true, coming = true, gone = true, absent = true,
  ["further.position"] = true, ["further.written"] = true, ["further.synced"] = true }

-- READ are the fields whose values are those of the frame's bytes, read by this dissector.
local READ = { control = true, range = true, base = true, ["feed.control"] = true,
  ["further.channel"] = true, ["further.position"] = true, ["further.written"] = true,
  ["further.synced"] = true }

for name, wide in pairs(SHORT) do WIDE[name], READ[name] = wide, true end

-- grow_item adds the item at a place, and returns its node.
local function grow_item(tree, f, at)
  local items = f.items
  local name, value, about = items[at], items[at + 3], items[at + 4]
  local range, node = f.tvb(items[at + 1], items[at + 2]), nil
  if value then
    if WIDE[name] then value = big(value) end
    node = tree:add(F[name], range, value)
    if not READ[name] then node:set_generated() end
  else
    node = tree:add(F[name], range)
  end
  if type(about) == "string" then
    node:append_text(" (" .. about .. ")")
  elseif name == "range" then
    node:add(F["range.first"], range, big(about.first)):set_generated()
    node:add(F["range.last"], range, big(about.last)):set_generated()
  elseif name == "chunk" then
    node:add(F["chunk.offset"], range, big(about.offset)):set_generated()
    node:add(F["chunk.size"], range, about.size):set_generated()
    if about.total then node:add(F["chunk.length"], f.tvb(about.mark_at, 4)) end
  elseif name == "skip" then
    node:add_proto_expert_info(E.skip)
  elseif name == "gone" then
    node:add_proto_expert_info(E.gone, "Loss: the publisher can't repair " ..
      ranges_text(f.ranges))
  end
  return node
end

local function grow_tag(tree, f)
  local tvb, n, status = f.tvb, #f.s, f.tag
  if status == 3 then return end
  local size = status == 4 and 16 or 4
  local node = tree:add(F.tag, tvb(n - size, size))
  node:append_text(" (" .. TAGS[status] .. ")")
  node:add(F["tag.status"], tvb(n - size, size), status):set_generated()
  if status == 0 then node:add_proto_expert_info(E.tag) end
  if status == 4 then node:add_proto_expert_info(E.tag_long) end
end

local function grow_note(tree, f, note)
  local all = f.tvb(0, 0)
  if note.gap then
    local gap = note.gap
    local node = tree:add(F.gap, all, big(plus(minus(gap.last, gap.first), 1)))
    node:set_generated()
    node:add_proto_expert_info(E.gap, "Missing in this capture: " .. range_text(gap))
  end
  if note.again then tree:add_proto_expert_info(E.again) end
  for _, number in ipairs(note.answers or {}) do
    tree:add(F.answer_in, all, number):set_generated()
  end
  if note.nack then
    tree:add(F.answer_to, all, note.nack.number):set_generated()
  end
end

-- grow adds a frame to the tree.
local function grow(tree, f, note, pinfo)
  grow_header(tree, f)
  for at = 1, #f.items, ITEM do
    local node, data = grow_item(tree, f, at), f.data
    if data and f.items[at] == "datagram" then
      grow_header(node, data)
      for i = 1, #data.items, ITEM do grow_item(node, data, i) end
      grow_tag(node, data)
    end
  end
  grow_tag(tree, f)
  tree:add(F.state, f.tvb(0, 0), f.state):set_generated()
  if f.state == "malformed" then tree:add_proto_expert_info(E.malformed) end
  if f.state == "newer" then tree:add_proto_expert_info(E.newer) end
  if f.state == "cut" then
    tree:add_proto_expert_info(E.cut,
      format("Cut short by the capture: %d of %d bytes", f.have, f.size))
  end
  if note then
    grow_note(tree, f, note)
    if note.nack and note.nack.time then
      local since = pinfo.rel_ts - note.nack.time
      local seconds = floor(since)
      tree:add(F.answer_time, f.tvb(0, 0),
        NSTime.new(seconds, floor((since - seconds) * 1e9 + 0.5))):set_generated()
    end
  end
end
