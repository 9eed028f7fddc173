package send

import (
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/receive"
)

// Subscribers are told of skipped offsets, and messages behind them have their own.
func TestSkip(t *testing.T) {
	p := newPair(t, Config{FirstOffset: 10}, receive.Config{})
	p.publish([]byte("a"))
	if first, err := p.st.SkipOffsets(5); first != 11 || err != nil {
		t.Fatal(first, err)
	}
	if offset := p.publish([]byte("b")); offset != 16 {
		t.Errorf("the message behind 5 that were skipped has offset %d", offset)
	}
	if _, err := p.st.SkipOffsets(3); err != nil {
		t.Fatal(err)
	}
	if _, err := p.st.SkipOffsets(frame.MaxSkip); err == nil {
		t.Error("more were skipped than a frame can tell of")
	}
	p.s.Close(p.now)
	p.run(p.now.Add(5 * time.Second))
	if _, err := p.st.SkipOffsets(1); err != reliable.ErrClosed {
		t.Errorf("after the end: %v", err)
	}
	var lost, came []uint64
	for _, ev := range p.events {
		switch {
		case ev.Kind == reliable.Message:
			came = append(came, ev.Offset)
		case ev.Kind == reliable.Loss && ev.Cause == reliable.CauseDropped:
			lost = append(lost, ev.Lost.From, ev.Lost.To)
		}
	}
	if len(came) != 2 || came[0] != 10 || came[1] != 16 || len(lost) != 4 || lost[0] != 11 ||
		lost[1] != 16 || lost[2] != 17 || lost[3] != 20 {
		t.Errorf("messages %v came, and the offsets %v were told lost", came, lost)
	}
}
