package subscriber

import "crier/reliable/receive"

// Recovery bounds the time for which missing messages are requested. Each field's zero value
// means its default:
//
//	Off bool                requests nothing: messages that the network loses are reported lost
//	MaxWait time.Duration   bounds how long a gap may hold back later messages; 0 means no bound
//	Silence time.Duration   bounds a publisher's quiet, and unanswered requests; 0 means 2 s
type Recovery = receive.Recovery

// Memory bounds the memory of a Subscriber. Each field's zero value means its default:
//
//	Buffer int        the messages of one session that wait, in bytes, at least 64 KiB; 0 means
//	                  32 MiB
//	Total int         the messages of all sessions that wait, and the parts of messages that span
//	                  datagrams, in bytes, at least Buffer; 0 means four times Buffer
//	MaxSessions int   the sessions that are followed at once; 0 means 1,024
type Memory = receive.Memory
