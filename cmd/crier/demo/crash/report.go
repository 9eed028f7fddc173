package crash

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"crier/cmd/crier/demo/stage"
	"crier/cmd/crier/events"
	"crier/cmd/crier/hist"
	"crier/nack"
)

// report is the outcome of the crash under all arms.
type report struct {
	// Seed decides the feed and the losses.
	Seed uint64 `json:"seed"`
	// Net is sim or lo.
	Net string `json:"net"`
	// KilledAt is the time from the producer's first message to its death.
	KilledAt time.Duration `json:"killed_at_ns"`
	// Burst is the number of messages of the burst in which it died.
	Burst int `json:"burst"`
	// IntoBurst is the number of messages of that burst that it had to accept before its death.
	IntoBurst int `json:"into_burst"`
	// Arms are the crash under one arrangement each.
	Arms []*arm `json:"arms"`
}

// arm is the same crash under one arrangement.
type arm struct {
	// Name is bare, survivors, recorder, broker, or synced for a broker that syncs each message.
	Name string `json:"arm"`
	// Missing is the reason for which the arm couldn't be played, and what to do. Then the rest
	// is empty.
	Missing string `json:"missing,omitempty"`
	// Recorder tells that a recorder took part.
	Recorder bool `json:"recorder,omitempty"`
	// Accepted is the number of messages that the producer accepted.
	Accepted uint64 `json:"accepted"`
	// Sent is the number of messages, from the first, that it handed to its network whole.
	Sent uint64 `json:"sent"`
	// Lost is the number of offsets that subscribers lack, summed up over them.
	Lost uint64 `json:"lost"`
	// LostByAll is the number of offsets that every subscriber lacks.
	LostByAll uint64 `json:"lost_by_all"`
	// Done is the time from the crash until every subscriber's application was told the end.
	Done time.Duration `json:"done_ns"`
	// Subscribers are those that were there at the crash.
	Subscribers []*member `json:"subscribers"`
	// Late is the number of messages that one gets who comes after the crash, and asks for the
	// oldest.
	Late uint64 `json:"late_comer_has"`
	// Reached are the runs of offsets that didn't come from the producer to all.
	Reached []reached `json:"reached,omitempty"`
	// Broker is there if a broker stands between.
	Broker *brokered `json:"broker,omitempty"`
	// Cost is what the arm took up to the crash.
	Cost cost `json:"cost"`
	// Checked tells that every message was compared with what was sent.
	Checked bool `json:"checked"`
}

// cost is what an arm takes up to the crash.
type cost struct {
	// Datagrams is the number of datagrams sent by all.
	Datagrams uint64 `json:"datagrams"`
	// Bytes is their size, without the heads of IP and UDP.
	Bytes uint64 `json:"bytes"`
	// Memory is what the subscribers hold together, for themselves and for others, in virtual time;
	// with real processes what all of them have in memory.
	Memory uint64 `json:"memory_bytes"`
	// Disk is the size of what recorders have written.
	Disk uint64 `json:"disk_bytes"`
	// Processor is the processor time of all processes, up to their ends; 0 in virtual time.
	Processor time.Duration `json:"processor_ns,omitempty"`
	// Latency is from acceptance to delivery: of all subscribers in virtual time, and of one whose
	// network is as it is with real processes.
	Latency *hist.Quantiles `json:"latency_ns"`
	// Calm is that of the messages that are due half a second after the start or later: without
	// the burst of 4,000 messages with which the market opens.
	Calm *hist.Quantiles `json:"calm_latency_ns"`
}

// latencies are those of an arm's messages.
type latencies struct {
	plan      *stage.Script
	all, calm hist.Histogram
}

// opened is when the market's opening burst is over, and what it held up.
const opened = 500 * time.Millisecond

// record records that of a message.
func (l *latencies) record(offset uint64, d time.Duration) {
	l.all.Record(d)
	if offset >= uint64(len(l.plan.Messages)) || l.plan.Messages[offset].At >= opened {
		l.calm.Record(d)
	}
}

// put puts them into the costs.
func (l *latencies) put(c *cost) { c.Latency, c.Calm = l.all.Quantiles(), l.calm.Quantiles() }

// member is a subscriber's part of an arm.
type member struct {
	// Name names the subscriber.
	Name string `json:"name"`
	// Link describes its network.
	Link string `json:"link"`
	// Delivered is the number of messages that its application got.
	Delivered uint64 `json:"delivered"`
	// AtCrash is the number of those that it had when the producer died.
	AtCrash uint64 `json:"delivered_at_crash"`
	// Losses are the offsets that it lacks, in ascending runs.
	Losses []loss `json:"losses"`
	// Lost is their number.
	Lost uint64 `json:"lost"`
	// Named is the number of those that it named lost. Of the others it never heard.
	Named uint64 `json:"named_lost"`
	// Repairs are the messages that came again, by those that repeated them.
	Repairs []repaired `json:"repaired"`
	// Done is the time from the crash until its application was told the session's end.
	Done time.Duration `json:"done_ns"`
	// End is how the session ended.
	End string `json:"end"`
	// Certificate is the last one of its inquest.
	Certificate *events.Certificate `json:"certificate,omitempty"`

	fates []fate          // by offset
	at    []time.Duration // by offset: when it was delivered, since the crash
	named []time.Duration // when losses were named, since the crash
}

// loss is a run of offsets that a subscriber lacks, for one reason.
type loss struct {
	// From is the first offset.
	From uint64 `json:"from"`
	// To is one past the last offset.
	To uint64 `json:"to"`
	// Why is the reason: never sent, reached nobody, or only others have it.
	Why string `json:"why"`
}

// repaired counts messages that somebody repeated.
type repaired struct {
	// By is who repeated them: producer, recorder, or the name of a subscriber.
	By string `json:"by"`
	// Messages is their number.
	Messages uint64 `json:"messages"`
}

// reached is a run of offsets with those that got them from the producer.
type reached struct {
	// From is the first offset.
	From uint64 `json:"from"`
	// To is one past the last offset.
	To uint64 `json:"to"`
	// Sent is false for offsets that the producer never handed to its network.
	Sent bool `json:"sent"`
	// By are the names of those that got them.
	By []string `json:"reached"`
}

// fate is the way by which a message came to a subscriber.
type fate uint8

const (
	lost fate = iota
	direct
	byProducer
	bySurvivor
	byRecorder
)

// reasons of losses.
const (
	neverSent     = "never sent"
	reachedNobody = "reached nobody"
	nobodyHelped  = "only others have it"
	notKept       = "not with the broker yet"
)

// runs splits the offsets from 0 into runs with the same value.
func runs[T comparable](n uint64, of func(uint64) T, take func(nack.Range, T)) {
	for from := uint64(0); from < n; {
		value, to := of(from), from+1
		for to < n && of(to) == value {
			to++
		}
		take(nack.Range{From: from, To: to}, value)
		from = to
	}
}

// reach notes who got what from the producer, by the names that of returns for each offset; total
// is the number of all names.
func (a *arm) reach(of func(offset uint64) []string, total int) {
	runs(a.Accepted, func(o uint64) string {
		list := of(o)
		if len(list) == total {
			return everyone
		}
		if o >= a.Sent {
			return neverSent
		}
		return strings.Join(list, ", ")
	}, func(r nack.Range, by string) {
		if by == everyone {
			return
		}
		one := reached{From: r.From, To: r.To, Sent: by != neverSent, By: []string{}}
		if by != "" && by != neverSent {
			one.By = strings.Split(by, ", ")
		}
		a.Reached = append(a.Reached, one)
	})
}

// everyone stands for all that heard the producer.
const everyone = "everyone"

// why returns the reason for which a subscriber lacks a message.
func (a *arm) why(offset uint64) string {
	for _, r := range a.Reached {
		switch {
		case offset < r.From || offset >= r.To:
			continue
		case !r.Sent:
			return neverSent
		case len(r.By) == 0:
			return reachedNobody
		}
	}
	return nobodyHelped
}

// lose notes what the subscriber lacks of the accepted messages.
func (m *member) lose(a *arm, why func(offset uint64) string) {
	m.Losses = []loss{}
	runs(a.Accepted, func(o uint64) string {
		if m.fates[o] != lost {
			return ""
		}
		return why(o)
	}, func(r nack.Range, why string) {
		if why != "" {
			m.Losses = append(m.Losses, loss{r.From, r.To, why})
			m.Lost += r.Len()
		}
	})
	a.Lost += m.Lost
}

// finish sums up what the subscribers have.
func (a *arm) finish() {
	for o := range a.Accepted {
		if !slices.ContainsFunc(a.Subscribers, func(m *member) bool { return m.fates[o] != lost }) {
			a.LostByAll++
		}
	}
	for _, m := range a.Subscribers {
		a.Done = max(a.Done, m.Done)
	}
}

// add counts a repaired message.
func (m *member) add(by string) {
	i, ok := slices.BinarySearchFunc(m.Repairs, by, func(r repaired, by string) int {
		return cmp.Compare(r.By, by)
	})
	if !ok {
		m.Repairs = slices.Insert(m.Repairs, i, repaired{By: by})
	}
	m.Repairs[i].Messages++
}
