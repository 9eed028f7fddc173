package subscriber

import "time"

// Flow says what happens when the application takes messages more slowly than they come.
type Flow struct {
	// Overload says what to do when the application takes Messages slowly.
	Overload Overload
	// WarnLag, if not 0, is how many messages the application may be behind before a
	// warning is logged, and OnLag called, with true; and again, with false, when it
	// is less than half of that. OnLag is called on a goroutine of its own, and must
	// not call Close.
	WarnLag uint64
	OnLag   func(lag Lag, behind bool)
}

// Recovery says how long what is missing is asked for.
type Recovery struct {
	// Off asks for nothing: what the network loses is reported lost.
	Off bool
	// MaxWait bounds how long a missing message may hold back those behind it; 0
	// means no bound.
	MaxWait time.Duration
	// Silence is how long a publisher may be quiet before its session is silent,
	// and requests unanswered before what they ask for is lost; 0 means 2 s. Of its
	// quiet, five of the heartbeat intervals that the publisher announces are waited
	// for in any case: 0.5 s while it sends, up to 2 s when it doesn't.
	Silence time.Duration
}

// Memory bounds what a Subscriber holds.
type Memory struct {
	// Session bounds what waits of one session, in bytes, at least 64 KiB; 0
	// means 32 MiB.
	Session int
	// All bounds what waits of all sessions, and of messages that span
	// datagrams, in bytes; 0 means four times Session.
	All int
	// Sessions bounds the sessions that are followed at once; 0 means 1,024.
	Sessions int
}
