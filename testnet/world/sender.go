package world

import (
	"net/netip"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/journal"
	"crier/reliable/send"
	"crier/reliable/team"
)

// Sender is the part of a send.Sender that a World needs.
type Sender interface {
	Datagram() int
	SetDatagram(now reliable.Time, size int) (unfit uint64)
	Handle(now reliable.Time, from netip.AddrPort, f *frame.Frame)
	Advance(now reliable.Time)
	Deadline(now reliable.Time) reliable.Time
	Next(now reliable.Time) (reliable.Batch, bool)
	Sent(b reliable.Batch)
	Close(now reliable.Time)
	Finished(now reliable.Time) bool
	PollMembers(events []reliable.MemberEvent) int
	Members() []reliable.Member
	Stats() send.Stats
	// Shift says by how much the lease clock is ahead, before the machine is called.
	Shift(d time.Duration)
	// Teams returns what grants messages to teams; nil while there are none.
	Teams() *team.Arbiter
	// TeamPositions and RestoreTeams are what teams keep over a restart.
	TeamPositions() []reliable.TeamPosition
	RestoreTeams(list []reliable.TeamPosition)
	Properties(key []byte, headers []reliable.Header) (frame.Properties, error)
	// Stream returns the stream of a partition, which there must be.
	Stream(partition uint32) Stream
}

// Stream is the part of a send.Stream that a World needs.
type Stream interface {
	Pending() bool
	PublishWith(now reliable.Time, properties frame.Properties, message []byte) (uint64, error)
	Flush()
	NextDisk() (*journal.Job, bool)
	DiskDone(now reliable.Time, res *journal.Result)
	Freed() uint64
}

// NewSender returns a send.Sender.
func NewSender(cfg send.Config) (Sender, error) {
	s, err := send.New(cfg)
	if err != nil {
		return nil, err
	}
	return sender{s}, nil
}

type sender struct{ *send.Sender }

func (s sender) Stream(partition uint32) Stream { return s.Sender.Stream(partition) }
