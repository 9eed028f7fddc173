package job

import (
	"encoding/binary"
	"net/netip"
	"time"

	"crier/multicast"
	"crier/reliable"
	"crier/reliable/frame"
)

// Shape describes the stream of a publisher. The zero Shape is one partition on one group, to which
// messages go in batches, without keys.
type Shape struct {
	// Partitions are spread over Groups, the first of which is the task's. 0 means one.
	Partitions int `json:",omitempty"`
	Groups     int `json:",omitempty"`
	// Alone has messages go one by one, as those with keys do.
	Alone bool `json:",omitempty"`
	// Key is in bytes of a key, and Header of a header's value; 0 means none.
	Key    int `json:",omitempty"`
	Header int `json:",omitempty"`
	// Feeds is the number of groups to each of which all goes; 0 means one.
	Feeds int `json:",omitempty"`
	// Idle is how long the publisher is watched that has sent all, from CalmFor on.
	Idle time.Duration `json:",omitempty"`
}

// CalmFor is how long after its last message a publisher may still repeat its heartbeats soon.
const CalmFor = 3 * time.Second

// Channels returns the number of partitions.
func (s *Shape) Channels() int { return max(s.Partitions, 1) }

// keyCount is the number of keys, which are spread evenly. It is a power of two.
const keyCount = 4096

// Keys returns the keys of messages, which take turns; nil for none.
func (s *Shape) Keys() [][]byte {
	if s.Key == 0 {
		return nil
	}
	keys := make([][]byte, keyCount)
	for i := range keys {
		keys[i] = make([]byte, max(s.Key, 8))
		binary.LittleEndian.PutUint64(keys[i], uint64(i)*0x9e3779b97f4a7c15)
		keys[i] = keys[i][:s.Key]
	}
	return keys
}

// Headers returns the headers of each message.
func (s *Shape) Headers() []reliable.Header {
	if s.Header == 0 {
		return nil
	}
	return []reliable.Header{{Name: "h", Value: make([]byte, s.Header)}}
}

// Overhead returns how many bytes keys and headers take on the wire.
func (s *Shape) Overhead() (int, error) {
	keys := s.Keys()
	if keys == nil {
		keys = [][]byte{nil}
	}
	p, err := frame.AppendProperties(nil, keys[0], s.Headers())
	if err != nil || len(p) == 0 {
		return 0, err
	}
	return 1 + len(p), nil // with the head of an array
}

// ShapeTopic is the topic of publishers with partitions.
const ShapeTopic = "bench"

// FeedsOf returns the feeds of a task, which are groups on one network, or nil for one.
func (t *Task) FeedsOf() ([]multicast.Feed, error) {
	if t.Shape.Feeds < 2 {
		return nil, nil
	}
	group, err := t.GroupAddr()
	if err != nil {
		return nil, err
	}
	var list []multicast.Feed
	for i := range t.Shape.Feeds {
		a := group.Addr().As4()
		a[3] += byte(i)
		to := netip.AddrPortFrom(netip.AddrFrom4(a), group.Port())
		list = append(list, multicast.Feed{Group: to, Interface: t.Interface})
	}
	return list, nil
}
