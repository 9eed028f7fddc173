-- Datagrams, and how Wireshark comes here

-- frames returns the frames of a datagram: several where a host has merged datagrams, none
-- where it isn't crier's.
local function frames(tvb)
  local have, size = tvb:len(), tvb:reported_len()
  if have < HEADER + TAG and have == size or have < HEADER then return {} end
  local first = byte(tvb:raw(0, 1))
  if first ~= 0xdc and (first < 0x90 or first >= 0xa0) then return {} end
  local s = tvb:raw(0, have)
  local cut = size > have
  if not cut then
    local f = parse(tvb, s, false)
    if f and (f.tag == 1 or f.parsed) then return { f } end
  end
  local list, from = {}, 1
  while from <= have do
    local rest = sub(s, from)
    local past = skip(rest, 1, #rest)
    local n = past and past - 1
    local f
    if n and (n < #rest or #list > 0) and n > TAG then
      f = parse(tvb(from - 1, n):tvb(), sub(rest, 1, n), false)
      if f and f.tag ~= 1 and f.tag ~= 2 then f = nil end
    end
    if not f then
      n = #rest
      f = parse(tvb(from - 1, n):tvb(), rest, cut)
    end
    if not f then break end
    if f.state == "cut" then f.have, f.size = have, size end
    list[#list + 1], from = f, from + n
  end
  return list
end

-- plant adds the frames of a datagram to the tree; key is the one of the first frame.
local function plant(tree, list, key, pinfo)
  for i, f in ipairs(list) do
    local title = "crier " .. (f.kind and (KINDS[f.kind] or format("kind %d", f.kind)) or
      format("version %d", f.version))
    local node = tree:add(crier, f.tvb(), title)
    if f.kind then
      grow(node, f, notes[key + i - 1], pinfo)
    else
      node:add(F.version, f.tvb(f.more == 2 and 3 or 1, 1), f.version)
      node:add(F.state, f.tvb(0, 0), f.state):set_generated()
      node:add_proto_expert_info(E.newer)
    end
    if i == 2 then
      node:add_proto_expert_info(E.merged, format("The capturing host merged %d datagrams", #list))
    end
  end
end

-- remarkable reports whether a datagram has expert information, which needs no visible tree.
local function remarkable(list, key)
  local f, note = list[1], notes[key]
  return #list > 1 or f.state ~= "whole" or f.kind == 8 or f.skips or
    f.data and f.data.skips or unknown_flags(f) ~= 0 or note and (note.gap or note.again)
end

local itself -- the dissector, as the tree knows it

local function dissect(tvb, pinfo, tree)
  itself = itself or Dissector.get("crier")
  noting = tree:referenced(itself) -- by what is shown, filtered or counted
  local list = frames(tvb)
  if #list == 0 then return 0 end
  local key = pinfo.number * 1000 + 1
  if not pinfo.visited then
    for i, f in ipairs(list) do remember(f, key + i - 1, pinfo) end
  end
  if not noting and remarkable(list, key) then
    noting = true
    list = frames(tvb)
  end
  if noting then
    plant(tree, list, key, pinfo)
  else
    tree:add(crier, tvb)
  end
  local columns = pinfo.cols
  columns.protocol = "crier"
  local column = columns.info
  if tostring(column) ~= "(nil)" then -- there is one
    local info = {}
    for i, f in ipairs(list) do info[i] = line(f) end
    column:set(table.concat(info, "; "))
  end
  return tvb:len()
end

function crier.dissector(tvb, pinfo, tree) return dissect(tvb, pinfo, tree) end

crier:register_heuristic("udp", function(tvb, pinfo, tree)
  if dissect(tvb, pinfo, tree) == 0 then return false end
  pinfo.conversation = crier -- whatever ports it has
  return true
end)

local ports = DissectorTable.get("udp.port")
ports:add(7700, crier) -- the default group's; what isn't crier goes on to others
ports:add_for_decode_as(crier)
