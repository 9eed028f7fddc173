-- Fields

local KINDS = {
  [1] = "DATA", [2] = "REPAIR", [3] = "HEARTBEAT", [4] = "SESSION", [5] = "NACK",
  [6] = "STATUS", [7] = "CONFIRM", [8] = "GONE", [9] = "BYE",
  [11] = "DIGEST", [12] = "FIND", [13] = "CLAIM", [14] = "GRANT", [15] = "ANNOUNCE", [16] = "TEAM",
}
local ROLES = { [1] = "publisher", [2] = "recorder", [3] = "peer" }
local WHATS = { [1] = "streams", [2] = "offset", [3] = "time", [4] = "oldest", [5] = "end",
  [6] = "topics" }
local SHARES = { [0] = "watch", [1] = "partition", [2] = "message" }
local CLAIMS = { [0] = "holds", [1] = "released", [2] = "ready", [3] = "deaf", [4] = "lapsed" }
local GRANTS = { [0] = "hold", [1] = "give-back", [2] = "prepare" }
local REFUSALS = { [0] = "none", [1] = "name-taken", [2] = "other-share", [3] = "too-many",
  [4] = "no-teams", [5] = "no-team" }
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
field("flags.contested", ProtoField.bool, "Contested", 16, nil, 0x0008)
field("flags.live", ProtoField.bool, "Live", 16, nil, 0x0010)
field("flags.full", ProtoField.bool, "Full", 16, nil, 0x0020)
field("flags.final", ProtoField.bool, "Final", 16, nil, 0x0040)
field("flags.ended", ProtoField.bool, "Ended", 16, nil, 0x0080)
field("flags.continues", ProtoField.bool, "Continues", 16, nil, 0x0100)
field("flags.unfinished", ProtoField.bool, "Unfinished", 16, nil, 0x0200)
field("flags.replay", ProtoField.bool, "Replay", 16, nil, 0x2000)
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
field("chunk.key", ProtoField.bytes, "Key of the message")
field("header.name", ProtoField.string, "Header of the message", base.UNICODE)
field("header.value", ProtoField.bytes, "Value of the header")
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
field("groups", ProtoField.uint32, "Data groups")
field("base", ProtoField.string, "Group that they count from")
field("feed.control", ProtoField.string, "Control address of a feed")
field("further.channel", ProtoField.uint32, "Further channel")
field("further.position", ProtoField.uint64, "Position there")
field("further.written", ProtoField.uint64, "Written to the log there, up to")
field("further.synced", ProtoField.uint64, "Synced to disk there, up to")
field("host", ProtoField.string, "Machine", base.UNICODE)
field("process", ProtoField.uint64, "Process")
field("rate.bytes", ProtoField.uint64, "Bytes in the last second")
field("rate.messages", ProtoField.uint64, "Messages in the last second")
field("subscribers", ProtoField.uint64, "Subscribers")
field("teams", ProtoField.uint64, "Grants work to teams")
field("announced.name", ProtoField.string, "Team", base.UNICODE)
field("announced.share", ProtoField.uint8, "Share of the team", base.DEC, SHARES)
field("announced.members", ProtoField.uint64, "Members of the team")
field("announced.lag", ProtoField.uint64, "Messages that the team hasn't done")
field("team", ProtoField.string, "Team", base.UNICODE)
field("share", ProtoField.uint8, "Share", base.DEC, SHARES)
field("granted", ProtoField.uint64, "Newest grant (ns)")
field("stamp", ProtoField.uint64, "Stamp (ns)")
field("lease", ProtoField.uint64, "Lease (ns)")
field("work_time", ProtoField.uint64, "Time for a message (ns)")
field("weight", ProtoField.uint64, "Weight")
field("messages_at_once", ProtoField.uint64, "Messages at once")
field("window", ProtoField.uint64, "Window (messages)")
field("oldest", ProtoField.uint64, "Begins with the oldest message")
field("forget", ProtoField.uint64, "Forget the team")
field("members", ProtoField.uint64, "Members")
field("refused", ProtoField.uint8, "Refused", base.DEC, REFUSALS)
field("finished", ProtoField.uint64, "The team has done all of the session")
field("given_up", ProtoField.uint64, "Messages given up")
field("redelivered", ProtoField.uint64, "Messages granted again")
field("part_of_answer", ProtoField.uint32, "Part of the answer")
field("parts", ProtoField.uint32, "Parts of the answer")
field("claims", ProtoField.uint64, "Claims")
field("claim.channel", ProtoField.uint64, "Channel of the claim")
field("claim.epoch", ProtoField.uint64, "Epoch")
field("claim.state", ProtoField.uint8, "State", base.DEC, CLAIMS)
field("claim.sequence", ProtoField.uint64, "Frame where it goes on")
field("claim.done", ProtoField.uint64, "Done, up to")
field("claim.received", ProtoField.uint64, "Received, up to")
field("claim.ranges.from", ProtoField.uint64, "Done besides, from")
field("claim.ranges.to", ProtoField.uint64, "Done besides, to before")
field("claim.freed.from", ProtoField.uint64, "Given back, from")
field("claim.freed.to", ProtoField.uint64, "Given back, to before")
field("claim.working.from", ProtoField.uint64, "Still worked on, from")
field("claim.working.to", ProtoField.uint64, "Still worked on, to before")
field("grants", ProtoField.uint64, "Grants")
field("grant.channel", ProtoField.uint64, "Channel of the grant")
field("grant.epoch", ProtoField.uint64, "Epoch")
field("grant.state", ProtoField.uint8, "State", base.DEC, GRANTS)
field("grant.sequence", ProtoField.uint64, "Frame where it begins")
field("grant.from", ProtoField.uint64, "From")
field("grant.to", ProtoField.uint64, "To before (0: no end)")
field("grant.attempt", ProtoField.uint64, "Attempt")
field("passed.channel", ProtoField.uint64, "Channel where others have")
field("passed.from", ProtoField.uint64, "what isn't granted here, from")
field("passed.to", ProtoField.uint64, "to before")
field("member.name", ProtoField.string, "Member", base.UNICODE)
field("member.subscriber", ProtoField.uint64, "Its id", base.HEX)
field("member.address", ProtoField.string, "Its address")
field("member.index", ProtoField.uint64, "Its index")
field("member.weight", ProtoField.uint64, "Its weight")
field("member.room", ProtoField.uint64, "Its room (messages)")
field("member.outstanding", ProtoField.uint64, "Messages that it works on")
field("member.done", ProtoField.uint64, "Messages that it did")
field("member.age", ProtoField.uint64, "Last claim, time since (ns)")
field("row.channel", ProtoField.uint64, "Channel")
field("row.owner", ProtoField.uint64, "Owner (index + 1; 0: none)")
field("row.epoch", ProtoField.uint64, "Epoch")
field("row.done", ProtoField.uint64, "Done, up to")
field("row.newest", ProtoField.uint64, "Next offset")
field("row.attempt", ProtoField.uint64, "Attempt")
field("row.state", ProtoField.uint8, "State", base.DEC, GRANTS)
field("name", ProtoField.string, "Name", base.UNICODE)
field("properties", ProtoField.bytes, "Properties")
field("property.key", ProtoField.bytes, "Key")
field("property.value", ProtoField.bytes, "Value")
field("topic", ProtoField.string, "Topic", base.UNICODE)
field("key", ProtoField.bytes, "Key of the stream")
field("replay", ProtoField.uint64, "Replay of session", base.HEX)
field("prev.session", ProtoField.uint64, "Session before", base.HEX)
field("prev.channel", ProtoField.uint32, "Channel of the session before")
field("prev.sequence", ProtoField.uint64, "End of the session before, sequence number")
field("prev.offset", ProtoField.uint64, "End of the session before, offset")
field("prev.topic", ProtoField.string, "Topic of the session before", base.UNICODE)
field("prev.publisher", ProtoField.string, "Publisher of the session before", base.UNICODE)
field("prev.key", ProtoField.bytes, "Key of the session before")
field("written", ProtoField.uint64, "Written to the log, up to")
field("synced", ProtoField.uint64, "Synced to disk, up to")
field("at.sequence", ProtoField.uint64, "Answer: sequence number")
field("at.offset", ProtoField.uint64, "Answer: offset")
field("proposal", ProtoField.uint64, "Proposal", base.HEX)
field("part.from", ProtoField.uint64, "Part, from")
field("part.to", ProtoField.uint64, "Part, to before")
field("holder", ProtoField.string, "Holder", base.UNICODE)
field("digest_version", ProtoField.uint64, "Version of the digest")
field("role", ProtoField.uint32, "Role", base.DEC, ROLES)
field("heard", ProtoField.uint64, "Publisher heard, time since (ns)")
field("absent", ProtoField.uint64, "Absent frames")
field("what", ProtoField.uint32, "What", base.DEC, WHATS)
field("value", ProtoField.uint64, "Value")
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
