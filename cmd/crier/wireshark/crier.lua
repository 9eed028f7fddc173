-- crier.lua dissects crier's frames in Wireshark and tshark, from 4.0 on (Lua 5.2 and 5.4).
-- "crier wireshark" writes this file. docs/PROTOCOL.md has every frame, field by field, and
-- docs/howto/capture-frames.md what to do with them.
--
-- It claims a datagram by what it holds, whatever its port: the header, the codes of the fields
-- at fixed places, and the tag. What other programs send has all of that with a probability
-- below 2^-60.

-- Named on tshark's command line and installed as a plugin, it is loaded once.
local known, loaded = pcall(Dissector.get, "crier")
if known and loaded then return end

local crier = Proto("crier", "crier: reliable UDP multicast")

crier.prefs.check_tags = Pref.bool("Check the tags", true,
  "Compute the CRC32C of each frame. It takes most of the time that dissecting does.")
crier.prefs.find_gaps = Pref.bool("Find gaps and answers", true,
  "Look for missing sequence numbers, and link NACKs with what answers them.")

-- What is remembered is bounded.
local MAX_SESSIONS = 1024  -- with their next sequence number
local MAX_REQUESTS = 65536 -- NACKs that may yet be answered
local MAX_NOTES = 1000000  -- frames about which something is remembered
local RECENT = 32          -- NACKs of a session that a CONFIRM may belong to
local MAX_ANSWERS = 16     -- of a NACK, that are linked

local byte, sub, format, floor = string.byte, string.sub, string.format, math.floor
