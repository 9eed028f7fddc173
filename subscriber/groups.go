package subscriber

import "crier/reliable/receive"

// Recovery says how long what is missing is asked for. Each field's zero value means its
// default:
//
//	Off bool                asks for nothing: what the network loses is reported lost
//	MaxWait time.Duration   bounds how long a gap may hold back what lies behind it; 0: no bound
//	Silence time.Duration   bounds a publisher's quiet, and unanswered requests; 0 means 2 s
type Recovery = receive.Recovery

// Memory bounds what a Subscriber holds. Each field's zero value means its default:
//
//	Buffer int        what waits of one session, in bytes, at least 64 KiB; 0 means 32 MiB
//	Total int         what waits of all, and of messages that span datagrams, in bytes; 0 means
//	                  four times Buffer
//	MaxSessions int   the sessions that are followed at once; 0 means 1,024
type Memory = receive.Memory
