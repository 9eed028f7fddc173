package reliable

import (
	"testing"
	"time"

	"crier/nack"
	"crier/reliable/frame"
)

// spilled is a publisher that keeps what its only subscriber hasn't taken on disk.
func spilled(t *testing.T) *paced {
	p := newPaced(t, SenderConfig{ResendBuffer: 1 << 20, Disk: 4 << 20})
	for range 2000 {
		if _, err := p.Publish(p.now, make([]byte, 1300)); err != nil {
			t.Fatal(err)
		}
		p.step(time.Millisecond)
	}
	if st := p.Stats(); st.DiskFrames < 1000 {
		t.Fatalf("%d frames are on disk", st.DiskFrames)
	}
	return p
}

// asks is a NACK of the only subscriber.
func (p *paced) asks(r nack.Range) {
	p.Handle(p.now, receiverAddr, made(p, frame.Frame{
		Kind: frame.Nack, Session: 0xabc, Subscriber: 5, Request: 1, Echo: p.sessionTime(p.now), Ranges: []nack.Range{r},
	}))
}

// What lies on disk is let go when nobody needs it any more, though there is nothing
// else to do there.
func TestDiskLetsGoOfWhatNobodyNeeds(t *testing.T) {
	p := spilled(t)
	p.reports(p.next)
	job, ok := p.NextDisk()
	if !ok || job.Data != nil || job.Frames.Len() > 0 || job.Trim != p.next {
		t.Fatalf("the next job is %+v, %v", job, ok)
	}
	p.DiskDone(p.now, nil, nil)
	if job, ok = p.NextDisk(); ok {
		t.Errorf("and then comes %+v", job)
	}
}

// Much that nobody needs is let go though some is needed, and it is told once.
func TestDiskLetsGoOfMuch(t *testing.T) {
	p := newPaced(t, SenderConfig{ResendBuffer: 1 << 20, Disk: 16 << 20})
	for i := range diskTrim + 2000 {
		if i%1000 == 0 {
			p.reports(0)
		}
		if _, err := p.Publish(p.now, make([]byte, 1300)); err != nil {
			t.Fatal(err)
		}
		p.step(time.Millisecond)
	}
	p.reports(diskTrim - 300)
	if job, ok := p.NextDisk(); ok {
		t.Errorf("the next job is %+v", job)
	}
	p.reports(diskTrim + 300)
	if job, ok := p.NextDisk(); !ok || job.Frames.Len() > 0 || job.Trim < diskTrim || job.Trim > diskTrim+300 {
		t.Errorf("the next job is %+v, %v", job, ok)
	}
	p.DiskDone(p.now, nil, nil)
	if job, ok := p.NextDisk(); ok {
		t.Errorf("and then comes %+v", job)
	}
}

// What was to be read for one that has left is not read, and what others wait for is.
func TestDiskReadsForNobodyThatLeft(t *testing.T) {
	p := spilled(t)
	p.asks(nack.Range{From: 0, To: 10})
	if p.sends(); p.disk.want.Len() == 0 {
		t.Fatal("nothing is to be read for one that asks")
	}
	p.Handle(p.now, receiverAddr, made(t, frame.Frame{Kind: frame.Status, Session: 0xabc, Subscriber: 5, Flags: frame.Leaving}))
	if job, ok := p.NextDisk(); !ok || job.Frames.Len() > 0 {
		t.Errorf("the next job is %+v, %v", job, ok)
	}

	p = spilled(t)
	p.asks(nack.Range{From: 100, To: 110})
	p.sends()
	p.Handle(p.now, senderAddr, made(t, frame.Frame{
		Kind: frame.Nack, Session: 0xabc, Subscriber: 6, Request: 1, Echo: p.sessionTime(p.now), Ranges: []nack.Range{{From: 5, To: 9}},
	}))
	p.catch.forget(p.members.rows[0])
	if job, ok := p.NextDisk(); ok {
		t.Errorf("the next job is %+v", job)
	}
	p.sends()
	if job, ok := p.NextDisk(); !ok || job.Frames != (nack.Range{From: 5, To: 9}) {
		t.Errorf("the next job is %+v, %v", job, ok)
	}
}
