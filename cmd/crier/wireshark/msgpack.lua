-- Msgpack: a cursor over the bytes of a frame

-- skip returns the place behind the element at i of s, which ends at last, or nil.
local FIXED = {
  [0xc0] = 1, [0xc2] = 1, [0xc3] = 1, [0xcc] = 2, [0xd0] = 2, [0xcd] = 3, [0xd1] = 3,
  [0xce] = 5, [0xd2] = 5, [0xca] = 5, [0xcf] = 9, [0xd3] = 9, [0xcb] = 9,
  [0xd4] = 3, [0xd5] = 4, [0xd6] = 6, [0xd7] = 10, [0xd8] = 18,
}
local LONG = { -- codes with a length of 1 or 2 bytes, and what follows each unit of it
  [0xd9] = { 1, 0 }, [0xc4] = { 1, 0 }, [0xc7] = { 1, 1 },
  [0xda] = { 2, 0 }, [0xc5] = { 2, 0 }, [0xc8] = { 2, 1 },
}
local function skip(s, i, last)
  local pending = 1
  while pending > 0 do
    local c = i <= last and byte(s, i)
    if not c then return nil end
    local size, more = FIXED[c], 0
    if c < 0x80 or c >= 0xe0 then
      size = 1
    elseif c < 0x90 then
      size, more = 1, 2 * (c - 0x80)
    elseif c < 0xa0 then
      size, more = 1, c - 0x90
    elseif c < 0xc0 then
      size = 1 + c - 0xa0
    elseif c == 0xdc or c == 0xde then
      if i + 2 > last then return nil end
      size, more = 3, (byte(s, i + 1) * 256 + byte(s, i + 2)) * (c == 0xde and 2 or 1)
    elseif LONG[c] then
      local width, extra = LONG[c][1], LONG[c][2]
      if i + width > last then return nil end
      local n = byte(s, i + 1)
      if width == 2 then n = n * 256 + byte(s, i + 2) end
      size = 1 + width + n + extra
    elseif not size then
      return nil
    end
    i, pending = i + size, pending + more - 1
    if pending > last + 1 - i then return nil end -- each takes a byte at least
  end
  return i
end

-- A cursor reads elements of s from at to last, and notes them as items for the tree, five
-- values each: a field's name, offset and length; false, or a value where the bytes don't say
-- it; false, or a text, a range or a chunk that explains it.
local Cursor = {}
Cursor.__index = Cursor

local ITEM = 5

-- noting says whether items are noted. Where nothing shows a tree, they would be for nothing.
local noting = true

-- note adds an item, and returns its place, or nil where none is noted.
function Cursor:note(name, offset, length, value, about)
  if not noting then return nil end
  local items, n = self.items, self.count
  items[n + 1], items[n + 2], items[n + 3] = name, offset, length
  items[n + 4], items[n + 5] = value or false, about or false
  self.count = n + ITEM
  return n + 1
end

function Cursor:code() return self.at <= self.last and byte(self.s, self.at) end

-- u64 reads a uint 64, and returns its value and place.
function Cursor:u64(name, text)
  local at = self.at
  if byte(self.s, at) ~= 0xcf or at + 8 > self.last then return nil end
  self.at = at + 9
  local v = number(self.s, at + 1)
  if noting then self:note(name, at, 8, nil, text and text(v)) end
  return v, at + 1
end

-- time reads a uint 64 below 2^63.
function Cursor:time(name, text)
  if not self:code() or (byte(self.s, self.at + 1) or 128) >= 128 then return nil end
  return self:u64(name, text or duration)
end

function Cursor:u32(name)
  local at = self.at
  if byte(self.s, at) ~= 0xce or at + 4 > self.last then return nil end
  self.at = at + 5
  self:note(name, at, 4)
  return self:word(at)
end

-- word returns the 32 bits whose head is at a place.
function Cursor:word(at)
  local a, b, c, d = byte(self.s, at + 1, at + 4)
  return ((a * 256 + b) * 256 + c) * 256 + d
end

-- bin reads a bin, and returns its bytes and their offset.
function Cursor:bin(most)
  local c, s, at = self:code(), self.s, self.at
  local from, n
  if c == 0xc4 and at + 1 <= self.last then
    from, n = at + 2, byte(s, at + 1)
  elseif c == 0xc5 and at + 2 <= self.last then
    from, n = at + 3, byte(s, at + 1) * 256 + byte(s, at + 2)
  end
  if not n or n > most or from + n - 1 > self.last then return nil end
  self.at = from + n
  return sub(s, from, from + n - 1), from - 1
end

-- str reads a string, and returns its bytes and their offset.
function Cursor:str(most)
  local c, s, at = self:code(), self.s, self.at
  local from, n
  if c and c >= 0xa0 and c < 0xc0 then
    from, n = at + 1, c - 0xa0
  elseif c == 0xd9 and at + 1 <= self.last then
    from, n = at + 2, byte(s, at + 1)
  elseif c == 0xda and at + 2 <= self.last then
    from, n = at + 3, byte(s, at + 1) * 256 + byte(s, at + 2)
  end
  if not n or n > most or from + n - 1 > self.last then return nil end
  self.at = from + n
  return sub(s, from, from + n - 1), from - 1
end

function Cursor:map()
  local c, at = self:code(), self.at
  if not c then return nil end
  if c >= 0x80 and c < 0x90 then
    self.at = at + 1
    return c - 0x80
  elseif c == 0xde and at + 2 <= self.last then
    self.at = at + 3
    return byte(self.s, at + 1) * 256 + byte(self.s, at + 2)
  end
end

function Cursor:array()
  local c, at = self:code(), self.at
  if not c then return nil end
  if c >= 0x90 and c < 0xa0 then
    self.at = at + 1
    return c - 0x90
  elseif c == 0xdc and at + 2 <= self.last then
    self.at = at + 3
    return byte(self.s, at + 1) * 256 + byte(self.s, at + 2)
  end
end

-- uint reads an unsigned integer of any width.
function Cursor:uint()
  local c, at = self:code(), self.at
  if not c then return nil end
  if c < 0x80 then
    self.at = at + 1
    return c
  end
  local n = c == 0xcc and 1 or c == 0xcd and 2 or c == 0xce and 4 or c == 0xcf and 8
  if not n or at + n > self.last then return nil end
  self.at = at + 1 + n
  if n == 8 then return number(self.s, at + 1) end
  local v = 0
  for i = at + 1, at + n do v = v * 256 + byte(self.s, i) end
  return v
end
