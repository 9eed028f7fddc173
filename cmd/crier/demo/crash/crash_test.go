package crash

import (
	"context"
	"testing"

	"crier/cmd/crier/demo/stage"
)

// Each arm accounts for every message: each subscriber has it, or lacks it for a reason; and
// no arm loses more than the one before.
func TestCrash(t *testing.T) {
	r, err := playSim(context.Background(), stage.NewScript(Seed))
	if err != nil {
		t.Fatal(err)
	}
	checkReport(t, r)
	bare, survivors, recorder := r.Arms[0], r.Arms[1], r.Arms[2]
	if bare.Lost < survivors.Lost || survivors.Lost < recorder.Lost || bare.Lost == recorder.Lost {
		t.Errorf("lost %d bare, %d with survivors, %d with a recorder", bare.Lost, survivors.Lost,
			recorder.Lost)
	}
	if bare.Late+survivors.Late > 0 || recorder.Late != recorder.Sent {
		t.Errorf("one who comes late has %d bare, %d with survivors, %d of %d with a recorder",
			bare.Late, survivors.Late, recorder.Late, recorder.Sent)
	}
}

// checkReport adds up what a report says.
func checkReport(t *testing.T, r *report) {
	t.Helper()
	for _, a := range r.Arms {
		if !a.Checked || a.Accepted == 0 || a.Sent > a.Accepted || len(a.Subscribers) != 3 {
			t.Fatalf("%s: %+v", a.Name, a)
		}
		sum := uint64(0)
		for _, m := range a.Subscribers {
			n := uint64(0)
			for _, l := range m.Losses {
				n += l.To - l.From
			}
			if m.Delivered+m.Lost != a.Accepted || n != m.Lost || m.Named > m.Lost ||
				m.Done <= 0 || m.Done > a.Done || m.End == "" {
				t.Errorf("%s: %s doesn't add up: %+v", a.Name, m.Name, m)
			}
			sum += m.Lost
		}
		if sum != a.Lost || a.LostByAll > a.Lost {
			t.Errorf("%s: in all %d, and %d", a.Name, a.Lost, sum)
		}
	}
}
