package reliable

// Title is what a publisher says of a session: whose stream it is, and where it begins. A
// stream that goes on across restarts is named by topic, publisher and channel.
type Title struct {
	// Topic is the stream's topic; it is empty today.
	Topic string
	// Publisher is the publisher's name.
	Publisher string
	// Key is the full id of the session's key, up to 32 bytes; it is empty today.
	Key string
	// Wall is the publisher's wall clock when the session began, in Unix nanoseconds.
	Wall int64
	// FirstSeq and FirstOffset are the session's first frame and message.
	FirstSeq, FirstOffset uint64
	// Prev is the session that this one continues, if it continues one.
	Prev Link
	// Replay is the recorded session that this one publishes again, or 0.
	Replay SessionID
}

// Link names the session that another one continues. The zero Link is none.
type Link struct {
	Session               SessionID
	Channel               uint32
	Topic, Publisher, Key string
	// Seq and Offset are the end of the session, as it was known to the one that continues
	// it: its last frame and its last message are those before.
	Seq, Offset uint64
}
