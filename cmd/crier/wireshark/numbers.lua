-- Numbers of 64 bits: a Lua number below 2^53, which is cheap, and else a UInt64. So two are
-- equal only if they are of the same type.

local EXACT = 9007199254740992 -- 2^53
local WORD = 4294967296

-- number returns the uint 64 whose bytes begin at i of s.
local function number(s, i)
  local a, b, c, d, e, f, g, h = byte(s, i, i + 7)
  local high = ((a * 256 + b) * 256 + c) * 256 + d
  local low = ((e * 256 + f) * 256 + g) * 256 + h
  if high < 2097152 then return high * WORD + low end
  return UInt64.new(low, high)
end

local function big(v) return type(v) == "number" and UInt64.new(v % WORD, floor(v / WORD)) or v end

local function small(v)
  if v < UInt64.new(0, 2097152) then return v:tonumber() end
  return v
end

-- plus returns a + b, and whether it has 64 bits.
local function plus(a, b)
  if type(a) == "number" and type(b) == "number" and a + b < EXACT then return a + b, true end
  local sum = big(a) + big(b)
  return small(sum), not (sum < big(a))
end

-- minus returns a - b, which isn't negative.
local function minus(a, b)
  if type(a) == "number" then return a - b end
  return small(a - big(b))
end

local function less(a, b)
  if type(a) == type(b) then return a < b end
  return type(a) == "number"
end

local function decimal(v)
  return type(v) == "number" and format("%d", v) or tostring(v)
end
