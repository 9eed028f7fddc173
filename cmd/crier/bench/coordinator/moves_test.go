package coordinator

import (
	"testing"
	"time"

	"crier/cmd/crier/bench/job"
	"crier/cmd/crier/hist"
)

// Tenures are put in the order of their epochs, in whichever order workers tell of them, and a
// move takes from the wish to the first message elsewhere.
func TestTenancy(t *testing.T) {
	var a, b process
	tn := &tenancy{}
	tn.begin()
	ms := int64(time.Millisecond)
	tn.told(&b, &job.Tenure{Partition: 1, Epoch: 8, Assigned: 14 * ms, First: 15 * ms})
	tn.told(&a, &job.Tenure{Partition: 1, Epoch: 7, Assigned: ms, First: 2 * ms})
	tn.told(&a, &job.Tenure{Partition: 1, Epoch: 7, Assigned: ms, First: 2 * ms, Revoking: 12 * ms})
	tn.told(&a, &job.Tenure{Partition: 2, Epoch: 7, Assigned: ms, First: 2 * ms})
	if n := len(tn.had[1]); n != 2 || tn.had[1][0].by != &a || tn.had[1][1].by != &b {
		t.Fatalf("%d tenures", n)
	}
	tn.changed = time.Time{}
	if !tn.settled(2, 2) || tn.settled(3, 2) || tn.settled(2, 3) {
		t.Error("two workers share two partitions")
	}
	var leaves, joins hist.Histogram
	tn.graceful(&leaves, &joins)
	if leaves.Count() != 0 || joins.Count() != 1 || joins.Max() != 3*time.Millisecond {
		t.Errorf("%d leave, %d join, at most %v", leaves.Count(), joins.Count(), joins.Max())
	}
	had := tn.of(&a)
	if len(had) != 1 || had[0].Partition != 2 || tn.settled(2, 2) {
		t.Fatalf("the dead one had %d partitions", len(had))
	}
	if tn.after(had[0]) != 0 {
		t.Error("nobody has had it since")
	}
	tn.told(&b, &job.Tenure{Partition: 2, Epoch: 9, Assigned: 20 * ms, First: 21 * ms})
	if at := tn.after(had[0]); at != 21*ms {
		t.Errorf("another one has it at %d", at)
	}
}

// What makes no sense for a team is refused.
func TestTeamOptions(t *testing.T) {
	for flag, change := range map[string]func(*Options){
		"":               func(*Options) {},
		"--share":        func(o *Options) { o.Shares = []string{"fairly"} },
		"--share is":     func(o *Options) { o.Shares = nil },
		"--room":         func(o *Options) { o.Room = 1025 },
		"--lease":        func(o *Options) { o.Lease = time.Millisecond },
		"--samples":      func(o *Options) { o.Samples = 0 },
		"--partitions":   func(o *Options) { o.Subscribers = []int{17} },
		"--partitions 0": func(o *Options) { o.Partitions = -1 },
		"--kill is about": func(o *Options) {
			o.Act, o.Shares = ActKill, []string{job.ShareMessage}
		},
		"--kill counts": func(o *Options) { o.Act = ActKill },
		"--kill needs": func(o *Options) {
			o.Act, o.Rates, o.Subscribers = ActKill, []float64{1000}, []int{1}
		},
	} {
		o := usual("teams")
		o.Teams = Teams{Shares: []string{job.SharePartition}, Room: 8, Lease: time.Second, Samples: 1}
		o.Partitions = 16
		change(&o)
		err := o.validateTeams()
		if flag == "" && err == nil {
			continue
		}
		if flag == "--partitions 0" {
			flag = "--partitions -1"
		}
		if err == nil || len(err.Error()) < len(flag) || err.Error()[:len(flag)] != flag {
			t.Errorf("%s: %v", flag, err)
		}
	}
}
