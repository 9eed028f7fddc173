package subscriber_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crier/publisher"
	"crier/subscriber"
	"crier/testnet/rig"
)

// Each event names the group of its session, and the publisher once its name is known.
func TestEventsNameGroupAndPublisher(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lan := rig.NewLAN(t, nearLink, 1)
		defer lan.Close()
		sub := lan.Subscriber(lan.Host(10), subscriber.Config{Groups: twoGroups})
		names := []string{"first", "second"}
		ids := map[subscriber.SessionID]int{}
		var pubs []*publisher.Publisher
		for i, group := range twoGroups {
			p := lan.Publisher(publisher.Config{Group: group, Name: names[i]})
			pubs, ids[p.Session()] = append(pubs, p), i
		}
		time.Sleep(10 * time.Millisecond) // until SESSION is received
		for _, p := range pubs {
			publish(t, p, 0, 10)
		}
		var closers sync.WaitGroup
		closers.Go(func() { closeAll(t, pubs...) })
		told, ended := [2]int{}, 0
		for ev := range sub.Messages(t.Context()) {
			i := ids[ev.Session]
			if ev.Group != twoGroups[i] || ev.Publisher != names[i] {
				t.Errorf("%v of session %v names publisher %q and group %v",
					ev.Kind, ev.Session, ev.Publisher, ev.Group)
			}
			if told[i]++; ev.Kind == subscriber.SessionEnded {
				if ended++; ended == 2 {
					break
				}
			}
		}
		if told != [2]int{12, 12} {
			t.Errorf("%v events came", told)
		}
		for _, st := range sub.Sessions() {
			if st.Group != twoGroups[ids[st.ID]] {
				t.Errorf("%+v", st)
			}
		}
		closers.Wait()
		closeAll(t, sub)
	})
}
