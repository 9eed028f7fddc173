package multicast

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
)

func TestFollowerRenewsWhenTheInterfaceComesBack(t *testing.T) {
	up := func(name string, index int) link {
		return link{name: name, index: index, up: true, mtu: 1500}
	}
	down := func(name string, index int) link { return link{name: name, index: index} }
	gone := func(name string, index int) link { return link{name: name, index: index, gone: true} }
	for _, c := range []struct {
		name   string
		events []link
		want   []string // renewals, "old->new"
	}{
		{"nothing of note", []link{up("v0", 3), up("v0", 3)}, nil},
		{"another's flap", []link{down("w0", 4), up("w0", 4)}, nil},
		{"a flap", []link{down("v0", 3), down("v0", 3), up("v0", 3), up("v0", 3)},
			[]string{"3->3"}},
		{"two flaps", []link{down("v0", 3), up("v0", 3), down("v0", 3), up("v0", 3)},
			[]string{"3->3", "3->3"}},
		{"made again", []link{gone("v0", 3), down("v0", 9), up("v0", 9)}, []string{"3->9"}},
		{"made again, unnoticed", []link{up("v0", 9)}, []string{"3->9"}},
		{"renamed, then a flap", []link{down("v0", 3), down("lan", 3), up("lan", 3)},
			[]string{"3->3"}},
		{"gone for good", []link{down("v0", 3), gone("v0", 3), up("w0", 9)}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, got := newFollower()
			for _, l := range c.events {
				f.observe(l)
			}
			if !slices.Equal(*got, c.want) {
				t.Errorf("renewed %v, want %v", *got, c.want)
			}
			if n := f.count.Load(); n != uint64(len(c.want)) {
				t.Errorf("counted %d, want %d", n, len(c.want))
			}
		})
	}
}

func newFollower() (*follower, *[]string) {
	var got []string
	_, log := newLogs()
	return &follower{
		name: "v0", index: 3, up: true, mtu: new(atomic.Int64), count: new(atomic.Uint64), log: log,
		renew: func(old, index int) error {
			got = append(got, fmt.Sprintf("%d->%d", old, index))
			return nil
		},
	}, &got
}

func TestFollowerTriesAgain(t *testing.T) {
	f, got := newFollower()
	renew := f.renew
	refuse := true
	f.renew = func(old, index int) error {
		if refuse {
			return errors.New("not yet")
		}
		return renew(old, index)
	}
	f.observe(link{name: "v0", index: 9, up: true, mtu: 9000})
	f.retry()
	if !f.failed || f.count.Load() != 0 {
		t.Fatal("a failure counted as a renewal")
	}
	refuse = false
	f.retry()
	f.retry() // nothing is due any more
	if f.failed || f.count.Load() != 1 || len(*got) != 1 {
		t.Errorf("failed %v, counted %d, renewed %v", f.failed, f.count.Load(), *got)
	}
	if f.mtu.Load() != 9000 {
		t.Errorf("MTU %d, want 9000", f.mtu.Load())
	}
}

func TestFollowerThatMissedChangesRenews(t *testing.T) {
	f, got := newFollower()
	f.lost()
	f.observe(link{name: "v0", index: 3, up: true})
	if want := []string{"3->3"}; !slices.Equal(*got, want) {
		t.Errorf("renewed %v, want %v", *got, want)
	}
}
