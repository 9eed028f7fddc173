-- CRC32C, eight bytes a step

local bxor
if bit32 then
  bxor = bit32.bxor
else -- operators, which Lua 5.2 can't even read
  bxor = load("return function(a, b, c, d) return a ~ b ~ (c or 0) ~ (d or 0) end")()
end

local crc_tables

-- make_tables returns four tables: what a word of 16 bits becomes before 0, 2, 4 and 6 bytes.
local function make_tables()
  local bytes = {}
  for i = 0, 255 do
    local v = i
    for _ = 1, 8 do
      local half = floor(v / 2)
      if v % 2 == 1 then v = bxor(half, 0x82f63b78) else v = half end
    end
    bytes[i] = v
  end
  local t = { {}, {}, {}, {} }
  local words = t[1]
  for w = 0, 65535 do
    local v = bytes[w % 256]
    words[w] = bxor(floor(v / 256), bytes[bxor(v % 256, floor(w / 256))])
  end
  for k = 2, 4 do
    local from, to = t[k - 1], t[k]
    for w = 0, 65535 do
      local v = from[w]
      to[w] = bxor(floor(v / 65536), words[v % 65536])
    end
  end
  t.bytes = bytes
  return t
end

-- crc32c returns the CRC32C of the first n bytes of s.
local function crc32c(s, n)
  crc_tables = crc_tables or make_tables()
  local t0, t2, t4, t6 = crc_tables[1], crc_tables[2], crc_tables[3], crc_tables[4]
  local crc, i = 0xffffffff, 1
  while i + 7 <= n do
    local a, b, c, d, e, f, g, h = byte(s, i, i + 7)
    local x = bxor(crc, a + b * 256 + c * 65536 + d * 16777216)
    local low = x % 65536
    crc = bxor(t6[low], t4[(x - low) / 65536], t2[e + f * 256], t0[g + h * 256])
    i = i + 8
  end
  local bytes = crc_tables.bytes
  while i <= n do
    crc = bxor(floor(crc / 256), bytes[bxor(crc % 256, byte(s, i))])
    i = i + 1
  end
  return bxor(crc, 0xffffffff)
end
