package job

import "time"

// Shares of a team, in the words of crier sub --share.
const (
	ShareMessage   = "message"
	SharePartition = "partition"
)

// Stores of a broker. StoreNone has it store nothing: messages aren't acknowledged either.
const (
	StoreNone   = ""
	StoreMemory = "memory"
	StoreFile   = "file"
)

// TeamName is the name of the team that the workers form.
const TeamName = "bench"

// Team describes workers that share the messages of a publisher: each message is done by one of
// them. The zero Team says that each subscriber gets all.
type Team struct {
	Share string `json:",omitempty"`
	// Room bounds the messages that one worker may have at once; 0: the system's default.
	Room int `json:",omitempty"`
	// Lease is the publisher's; 0: the default.
	Lease time.Duration `json:",omitempty"`
	// Server is the address of a broker, and Store what it keeps messages in, below Dir where
	// that is files.
	Server string `json:",omitempty"`
	Store  string `json:",omitempty"`
	Dir    string `json:",omitempty"`
}

// Shared reports whether workers share the messages.
func (t *Task) Shared() bool { return t.Team.Share != "" }

// WarmNumber is the bit in the number of a message that goes ahead of those that are measured.
const WarmNumber = 1 << 63

// Tenure is the time in which a worker had a partition. Times are in nanoseconds since 1970; 0
// where that didn't happen.
type Tenure struct {
	Partition uint32
	Epoch     uint64
	Assigned  int64 // as the handler was told
	First     int64 `json:",omitempty"` // the first message was handed out
	Due       int64 `json:",omitempty"` // the first message was due
	Revoking  int64 `json:",omitempty"` // the publisher wants it back, or the worker leaves
	Revoked   int64 `json:",omitempty"` // it is another's
	// Left says that the worker has left the team, and wasn't asked.
	Left bool `json:",omitempty"`
}
