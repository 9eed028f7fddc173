-- Fields

local KINDS = {
  [1] = "DATA", [2] = "REPAIR", [3] = "HEARTBEAT", [4] = "SESSION", [5] = "NACK",
  [6] = "STATUS", [7] = "CONFIRM", [8] = "GONE", [9] = "BYE",
}
local TAGS = { [0] = "wrong", [1] = "right", [2] = "not checked", [3] = "missing", [4] = "long" }

local F = {}
local function field(name, make, ...) F[name] = make("crier." .. name, ...) end

field("state", ProtoField.string, "State")
field("version", ProtoField.uint8, "Version")
field("kind", ProtoField.uint8, "Kind", base.DEC, KINDS)
field("flags", ProtoField.uint16, "Flags", base.HEX)
field("flags.want_session", ProtoField.bool, "Want session", 16, nil, 0x0001)
field("flags.leaving", ProtoField.bool, "Leaving", 16, nil, 0x0002)
field("flags.too_large", ProtoField.bool, "Too large", 16, nil, 0x0004)
field("flags.continues", ProtoField.bool, "Continues", 16, nil, 0x0100)
field("flags.unfinished", ProtoField.bool, "Unfinished", 16, nil, 0x0200)
field("session", ProtoField.uint64, "Session", base.HEX)
field("channel", ProtoField.uint32, "Channel")
field("sequence", ProtoField.uint64, "Sequence number")
field("offset", ProtoField.uint64, "Offset")
field("time", ProtoField.uint64, "Time (ns)")
field("messages", ProtoField.uint64, "Messages")
field("chunks", ProtoField.uint32, "Chunks")
field("chunk", ProtoField.bytes, "Chunk")
field("chunk.offset", ProtoField.uint64, "Offset of the chunk's message")
field("chunk.size", ProtoField.uint32, "Size of the chunk")
field("chunk.length", ProtoField.uint32, "Length of the whole message")
field("chunk.properties", ProtoField.bytes, "Properties of the message")
field("skip", ProtoField.uint64, "Skipped messages")
field("padding", ProtoField.none, "Padding")
field("responder", ProtoField.uint64, "Responder", base.HEX)
field("request", ProtoField.uint64, "Request", base.HEX)
field("datagram", ProtoField.bytes, "Repeated datagram")
field("next.sequence", ProtoField.uint64, "Next sequence number")
field("next.offset", ProtoField.uint64, "Next offset")
field("oldest.sequence", ProtoField.uint64, "Oldest sequence number")
field("oldest.offset", ProtoField.uint64, "Oldest offset")
field("interval", ProtoField.uint64, "Interval (ns)")
field("group", ProtoField.uint32, "Group (subscribers)")
field("round_trip", ProtoField.uint64, "Round trip (ns)")
field("report", ProtoField.uint64, "Report (frames)")
field("wall", ProtoField.uint64, "Wall clock at the start (ns since 1970)")
field("first.sequence", ProtoField.uint64, "First sequence number")
field("first.offset", ProtoField.uint64, "First offset")
field("control", ProtoField.string, "Control address")
field("channels", ProtoField.uint32, "Channels")
field("name", ProtoField.string, "Name", base.UNICODE)
field("properties", ProtoField.bytes, "Properties")
field("property.key", ProtoField.bytes, "Key")
field("property.value", ProtoField.bytes, "Value")
field("subscriber", ProtoField.uint64, "Subscriber", base.HEX)
field("echo", ProtoField.uint64, "Echo (ns)")
field("held", ProtoField.uint64, "Held (ns)")
field("missing", ProtoField.uint64, "Missing frames")
field("coming", ProtoField.uint64, "Coming frames")
field("gone", ProtoField.uint64, "Frames that are gone")
field("range", ProtoField.string, "Range")
field("range.first", ProtoField.uint64, "First")
field("range.last", ProtoField.uint64, "Last")
field("position", ProtoField.uint64, "Position")
field("room", ProtoField.uint64, "Room (bytes)")
field("extra", ProtoField.bytes, "Unknown field")
field("tag", ProtoField.bytes, "Tag")
field("tag.status", ProtoField.uint8, "Tag status", base.DEC, TAGS)
field("gap", ProtoField.uint64, "Frames missing before this one")
field("answer_in", ProtoField.framenum, "Answered in", base.NONE, frametype.RESPONSE)
field("answer_to", ProtoField.framenum, "Answer to", base.NONE, frametype.REQUEST)
field("answer_time", ProtoField.relative_time, "Time since the NACK")

local E = {
  tag = ProtoExpert.new("crier.tag.wrong", "The tag is wrong: the frame is damaged",
    expert.group.CHECKSUM, expert.severity.ERROR),
  tag_long = ProtoExpert.new("crier.tag.long",
    "The tag has 16 bytes, which this version doesn't know",
    expert.group.UNDECODED, expert.severity.WARN),
  malformed = ProtoExpert.new("crier.malformed", "The tag is right, but the content is malformed",
    expert.group.MALFORMED, expert.severity.ERROR),
  newer = ProtoExpert.new("crier.newer", "It needs a newer crier",
    expert.group.UNDECODED, expert.severity.WARN),
  flags = ProtoExpert.new("crier.flags.unknown", "Unknown flags",
    expert.group.UNDECODED, expert.severity.NOTE),
  cut = ProtoExpert.new("crier.cut", "Cut short by the capture",
    expert.group.UNDECODED, expert.severity.WARN),
  gap = ProtoExpert.new("crier.gap.found", "Frames are missing before this one",
    expert.group.SEQUENCE, expert.severity.WARN),
  again = ProtoExpert.new("crier.again", "A later frame came before",
    expert.group.SEQUENCE, expert.severity.CHAT),
  gone = ProtoExpert.new("crier.loss", "Loss: the publisher can't repair these frames",
    expert.group.SEQUENCE, expert.severity.WARN),
  skip = ProtoExpert.new("crier.skipped", "Loss: the publisher dropped messages",
    expert.group.SEQUENCE, expert.severity.NOTE),
  merged = ProtoExpert.new("crier.merged", "The capturing host merged datagrams",
    expert.group.REASSEMBLE, expert.severity.CHAT),
}

crier.fields, crier.experts = {}, {}
do
  local fields, experts = {}, {}
  for _, f in pairs(F) do fields[#fields + 1] = f end
  for _, e in pairs(E) do experts[#experts + 1] = e end
  crier.fields, crier.experts = fields, experts
end
