package inquest

import (
	"net/netip"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
)

// Config configures an Inquest.
type Config struct {
	// ID is this survivor's random id, and Role its role: frame.Peer or frame.Recorder.
	ID   uint64
	Role frame.Role
	// Name is what it calls itself, or empty.
	Name string
	// Seed seeds the times of DIGESTs.
	Seed uint64
	// Session and Channel name the stream.
	Session uint64
	Channel uint32
	// Counted is the number of subscribers that the publisher had counted, by its last word; 0 if
	// that isn't known.
	Counted int
	// RoundTrip is that of the group, or an estimate.
	RoundTrip time.Duration
	// FrameSize is that of a full frame, in bytes; 0 means reliable.DefaultDatagram. The deadline
	// has time for so much to be sent for each missing number.
	FrameSize int
	// Room is shared by all inquests of a process. nil means one of its own.
	Room *Room
}

// A Place is a sequence number, and the offset of the first message that starts in that frame or
// after it.
type Place struct{ Seq, Offset uint64 }

// Own is what this survivor has of the stream.
type Own struct {
	// Oldest is the lowest frame that it holds for others, and Next where the stream ends as far
	// as it knows: Oldest is Next if it holds nothing.
	Oldest, Next Place
	// Position is the first number that it has neither got nor given up. That of the first Update
	// is where the inquest begins.
	Position Place
	// Absent are the numbers of [Oldest.Seq, Next.Seq) that it doesn't hold, ascending and
	// disjoint. They are copied.
	Absent []nack.Range
	// Full says that it has no room for more: nobody is to wait until it has got what it lacks.
	Full bool
}

// A Member is another survivor, as whom to ask.
type Member struct {
	reliable.Survivor
	// Time is its clock, by its last DIGEST, and Heard when that came: what a NACK echoes.
	Time  uint64
	Heard reliable.Time
}

// Outcome is how far an inquest is.
type Outcome uint8

// The outcomes. All but Running have a Certificate.
const (
	// Running: it isn't over. Nothing is lost yet.
	Running Outcome = iota
	// Agreed: all members have the same certificate.
	Agreed
	// Overdue: the time was over before all agreed.
	Overdue
	// CutOff: others hear the publisher. The certificate's Number is 0, and it names them.
	CutOff
)

var outcomeNames = [...]string{"running", "agreed", "overdue", "cut off"}

// String returns the outcome as in traces.
func (o Outcome) String() string {
	if int(o) < len(outcomeNames) {
		return outcomeNames[o]
	}
	return "unknown"
}

// An Inquest is one survivor's part in the inquest of one stream. It is not safe for concurrent
// use. The caller calls Update first, and again whenever its own content changed, before it calls
// another method; Hear for each DIGEST of the stream; Advance when Deadline says so; and Digest
// after each of these.
//
// It goes on after its end: members are heard and told at longer intervals, and Amended tells
// when that led to more. The caller forgets it when the publisher is heard, or when it holds
// nothing of the stream any more, and calls Close then.
type Inquest struct {
	cfg Config
}

// New returns an Inquest that begins now: when the publisher fell silent.
func New(now reliable.Time, cfg Config) *Inquest { return &Inquest{cfg: cfg} }

// Close gives back what it takes of the Room.
func (q *Inquest) Close() {}

// Update takes what this survivor has now. The frames that came lately need not be told at once,
// but before Advance and Digest are called.
func (q *Inquest) Update(now reliable.Time, own *Own) {}

// Hear takes a DIGEST of another: of a peer or a recorder, whole or a part, Live, Final or
// neither. It reports false for one that it doesn't take: of another stream, of this survivor
// itself, an answer to a FIND, one that came before, one of an id that another address has, one
// too many, or one that contradicts itself. Refused counts them by these causes.
func (q *Inquest) Hear(now reliable.Time, from netip.AddrPort, f *frame.Frame) bool { return false }

// Advance lets time pass.
func (q *Inquest) Advance(now reliable.Time) {}

// Deadline returns when to call Advance, and Digest after it.
func (q *Inquest) Deadline() reliable.Time { return reliable.Never }

// Digest fills f with the DIGEST that is due, and reports false if none is. All fields but these
// are set: Name, Digest.Wall, FirstSeq, FirstOffset, Topic, Key, Prev and Replay, which are those
// of SESSION; Digest.Version; Digest.Heard; Digest.Written and Synced; and Ended, which the caller
// sets beside Final. f.Digest may be nil or is overwritten: it and f.Ranges are valid until the next
// call of Update or Digest. AppendDigest sends it, in several parts where needed.
func (q *Inquest) Digest(now reliable.Time, f *frame.Frame) bool { return false }

// Evidence returns where the stream ends as far as anyone credible says. The caller takes it as
// it takes a publisher's word (with its own doubts, such as of how much can have been sent), and
// asks for what it lacks below.
func (q *Inquest) Evidence() (end Place) { return Place{} }

// Ask returns the member to ask for a number, and up to where it is that one's, at most up to the
// end of the number's block of 64. skip, if not nil, tells which members were asked in vain. It reports false if no member has
// the number, and up to where that is so.
func (q *Inquest) Ask(seq uint64, skip func(id uint64) bool) (m Member, until uint64, ok bool) {
	return
}

// Member returns a member by its id, as it was heard last. It reports false for one that isn't
// heard any more.
func (q *Inquest) Member(id uint64) (m Member, ok bool) { return }

// Listens reports whether DIGESTs came from an address: NACKs of it may be answered.
func (q *Inquest) Listens(from netip.AddrPort) bool { return false }

// Outcome returns how far it is.
func (q *Inquest) Outcome() Outcome { return Running }

// Certificate returns the last certificate, or nil while it is Running. All is set but Lost,
// LostMessages and Found, which are the caller's. It is the caller's own.
func (q *Inquest) Certificate() *reliable.Certificate { return nil }

// Amended returns the amended certificate, once, and nil if there is none since the last call.
func (q *Inquest) Amended() *reliable.Certificate { return nil }
