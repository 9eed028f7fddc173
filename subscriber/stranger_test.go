package subscriber

import (
	"net/netip"
	"testing"
)

// Strangers are known one by one up to a bound, and together beyond it.
func TestStrangersAreBounded(t *testing.T) {
	var s strangers
	sender := func(i int) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 5000)
	}
	long := make([]byte, 1000)
	for i := range 1000 {
		s.note(sender(i), long, false)
	}
	s.note(sender(3), []byte("short"), true)
	if len(s) != maxStrangers+1 {
		t.Fatalf("%d are known, want %d", len(s), maxStrangers+1)
	}
	if o := s[3]; o.From != sender(3) || o.Datagrams != 2 || !o.Newer || o.Size != 5 ||
		string(o.Head) != "short" {
		t.Errorf("the fourth: %+v", o)
	}
	if o := s[maxStrangers]; o.From.IsValid() || o.Datagrams != 1000-maxStrangers ||
		len(o.Head) != strangerHead || o.Size != 1000 {
		t.Errorf("the others: %+v", o)
	}
}

// A list of strangers that was taken stays as it is, whatever comes later.
func TestStrangersAreCopied(t *testing.T) {
	var s strangers
	from := netip.MustParseAddrPort("10.0.0.1:1")
	s.note(from, []byte("first"), false)
	list := s.copy()
	s.note(from, []byte("other"), true)
	if one := list[0]; one.Datagrams != 1 || one.Newer || string(one.Head) != "first" {
		t.Errorf("%+v", one)
	}
}
