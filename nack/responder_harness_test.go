package nack

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// served tells a publisher's story from each start.
func served(t *testing.T, cfg ResponderConfig, story func(*publisher)) {
	t.Helper()
	for _, s := range starts {
		t.Run(fmt.Sprintf("from %d at %d", s.seq, s.now), func(t *testing.T) {
			p := newPublisher(t, cfg, s.seq, s.now)
			story(p)
			p.wantRepairs()
		})
	}
}

// budget returns a Budget of so many bytes a second, and at once; 0 means the default.
func budget(floor, burst uint64) *Budget {
	return NewBudget(BudgetConfig{Floor: floor, Burst: burst})
}

// publisher drives a Responder, and holds 1,000 frames from the start unless
// Frames says otherwise. Sequence numbers in its methods count from the story's
// start.
type publisher struct {
	*testing.T
	r      *Responder
	base   uint64
	now    Time
	held   Range
	askers map[string]*Asker
	names  map[netip.AddrPort]string
	answer Answer
}

func newPublisher(t *testing.T, cfg ResponderConfig, seq uint64, now Time) *publisher {
	if cfg.Frames == 0 {
		cfg.Frames = 1000
	}
	if cfg.FrameSize == 0 {
		cfg.FrameSize = 1000
	}
	if cfg.Budget != nil {
		budget := *cfg.Budget // each publisher has one of its own
		cfg.Budget = &budget
	}
	p := &publisher{
		T: t, r: NewResponder(cfg), base: seq, now: now, held: Range{seq, seq},
		askers: map[string]*Asker{}, names: map[netip.AddrPort]string{},
	}
	p.r.SetGroup(3, ms)
	p.send(uint64(p.r.cfg.Frames))
	return p
}

// send sends n new frames.
func (p *publisher) send(n uint64) {
	p.held.To += n
	if frames := uint64(p.r.cfg.Frames); p.held.Len() > frames {
		p.held.From = p.held.To - frames
	}
}

func (p *publisher) asker(name string) *Asker {
	a := p.askers[name]
	if a == nil {
		n := len(p.askers) + 1
		addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)}), 7701)
		a = &Asker{ID: uint64(n), Addr: addr}
		p.askers[name], p.names[addr] = a, name
	}
	return a
}

// nack takes a NACK that was sent right now.
func (p *publisher) nack(name string, ranges ...string) {
	p.Helper()
	p.nackFrom(p.now, name, ranges...)
}

// nackFrom takes a NACK that was sent at some other time.
func (p *publisher) nackFrom(sent Time, name string, ranges ...string) {
	p.Helper()
	p.r.Begin()
	for _, text := range ranges {
		r, err := parseRange(text)
		if err != nil {
			p.Fatal(err)
		}
		p.r.Asked(p.now, p.asker(name), 1, sent, Range{p.base + r.From, p.base + r.To}, p.held)
	}
	p.answer = p.r.Answer()
	p.check()
}

func (p *publisher) text(ranges []Range) string {
	var list []string
	for _, r := range ranges {
		list = append(list, Range{r.From - p.base, r.To - p.base}.String())
	}
	return strings.Join(list, ",")
}

// wantAnswer checks what the last NACK got besides repairs.
func (p *publisher) wantAnswer(gone, confirm string) {
	p.Helper()
	if g, c := p.text(p.answer.Gone), p.text(p.answer.Confirm); g != gone || c != confirm {
		p.Fatalf("gone %q, confirmed %q; want %q, %q", g, c, gone, confirm)
	}
}

// repairs takes all that may go out now, as "5" to the group or "5>anna".
func (p *publisher) repairs() (list []string) {
	p.Helper()
	for {
		repair, ok := take(p.r, p.now, p.held)
		if !ok {
			break
		}
		if !p.held.Contains(repair.Seq) || repair.Request != 1 {
			p.Fatalf("%+v, of %v", repair, p.held)
		}
		text := fmt.Sprint(repair.Seq - p.base)
		if repair.To.IsValid() {
			text += ">" + p.names[repair.To]
		}
		list = append(list, text)
	}
	if at := deadline(p.r, p.now, p.held); at <= p.now {
		p.Fatalf("nothing may go out at %d, and the deadline is %d", p.now, at)
	}
	p.check()
	return list
}

func (p *publisher) wantRepairs(want ...string) {
	p.Helper()
	if got := p.repairs(); fmt.Sprint(got) != fmt.Sprint(want) {
		p.Fatalf("repairs %v, want %v", got, want)
	}
}

func (p *publisher) advance(d time.Duration) { p.now = p.now.Add(d) }

// take has the next frame of any class repeated.
func take(r *Responder, now Time, held Range) (Repair, bool) {
	for class := range classes {
		if repair, ok := r.Next(now, class, held); ok {
			r.Take(now, uint64(r.cfg.FrameSize))
			return repair, true
		}
	}
	return Repair{}, false
}

// deadline returns when the next frame of any class may be repeated.
func deadline(r *Responder, now Time, held Range) Time {
	return min(r.Deadline(now, Recent, held, false), r.Deadline(now, Behind, held, false))
}

func waiting(r *Responder) uint64 { return r.Waiting(Recent) + r.Waiting(Behind) }

// check counts what waits.
func (p *publisher) check() {
	p.Helper()
	q := &p.r.queue
	var frames uint64
	for class := range classes {
		l := &q.lines[class]
		askers, lineFrames := 0, uint64(0)
		var prev *Asker
		for a := l.first; a != nil; prev, a = a, a.in[class].next {
			askers++
			e := &a.in[class]
			var queued uint64
			last := int32(0)
			for at := e.first; at != 0; last, at = at, q.marks.at(at-1).after {
				if m := q.marks.at(at - 1); !m.queued || m.class != class || m.asker != a ||
					m.before != last {
					p.Fatalf("asker %d: %+v is in its queue after %d", a.ID, m, last)
				}
				if queued++; queued > q.marks.count {
					p.Fatal("the queue runs in circles")
				}
			}
			if queued == 0 || queued != e.queued || queued > a.Waiting() || last != e.last ||
				e.prev != prev {
				p.Fatalf("asker %d has %d frames waiting, and says %d", a.ID, queued, e.queued)
			}
			lineFrames += queued
		}
		if askers != l.askers || lineFrames != l.frames || lineFrames != p.r.Waiting(class) ||
			prev != l.last {
			p.Fatalf("class %d: %d askers, %d frames; the line says %d, %d", class, askers,
				lineFrames, l.askers, l.frames)
		}
		frames += lineFrames
	}
	marked := uint64(0)
	for _, page := range q.marks.pages {
		for i := range page {
			if page[i].queued {
				marked++
			}
		}
	}
	if frames != marked {
		p.Fatalf("%d frames wait, and %d are marked", frames, marked)
	}
}
