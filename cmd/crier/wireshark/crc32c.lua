-- CRC32C, 16 bytes a step

local bxor
if bit32 then
  bxor = bit32.bxor
else -- operators, which Lua 5.2 can't even read
  bxor = load([[return function(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)
    if not c then return a ~ b end
    return a ~ b ~ c ~ d ~ e ~ f ~ g ~ h ~ i ~ j ~ k ~ l ~ m ~ n ~ o ~ p
  end]])()
end

local crc_tables -- by the number of bytes that follow: what a byte becomes behind them

local function make_tables()
  local t = { [0] = {} }
  local bytes = t[0]
  for i = 0, 255 do
    local v = i
    for _ = 1, 8 do
      local half = floor(v / 2)
      if v % 2 == 1 then v = bxor(half, 0x82f63b78) else v = half end
    end
    bytes[i] = v
  end
  for k = 1, 15 do
    local from, to = t[k - 1], {}
    for i = 0, 255 do
      local v = from[i]
      to[i] = bxor(floor(v / 256), bytes[v % 256])
    end
    t[k] = to
  end
  return t
end

-- crc32c returns the CRC32C of the first n bytes of s.
local function crc32c(s, n)
  crc_tables = crc_tables or make_tables()
  local t0, t1, t2, t3, t4, t5, t6, t7, t8, t9, t10, t11, t12, t13, t14, t15 =
    table.unpack(crc_tables, 0, 15)
  local crc, i = 0xffffffff, 1
  while i + 15 <= n do
    local a, b, c, d, e, f, g, h, j, k, l, m, o, p, q, r = byte(s, i, i + 15)
    local x = bxor(crc, a + b * 256 + c * 65536 + d * 16777216)
    local low = x % 65536
    local high = (x - low) / 65536
    a, c = low % 256, high % 256
    crc = bxor(t15[a], t14[(low - a) / 256], t13[c], t12[(high - c) / 256],
      t11[e], t10[f], t9[g], t8[h], t7[j], t6[k], t5[l], t4[m], t3[o], t2[p], t1[q], t0[r])
    i = i + 16
  end
  while i <= n do
    crc = bxor(floor(crc / 256), t0[bxor(crc % 256, byte(s, i))])
    i = i + 1
  end
  return bxor(crc, 0xffffffff)
end
