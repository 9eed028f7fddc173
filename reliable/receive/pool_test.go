package receive

import (
	"fmt"
	"testing"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

// What is held of all sessions stays within the bound, and of each within its own:
// frames that find no room are discarded, counted, and taken when they come again. The
// one frame that a session waits for always finds room.
func TestHeldFramesStayWithinTheirBounds(t *testing.T) {
	const buffer, memory, sessions = 64 << 10, 160 << 10, 4
	for _, immutable := range []bool{false, true} {
		t.Run(fmt.Sprintf("immutable %v", immutable), func(t *testing.T) {
			l := newListener(t, Config{Memory: Memory{Buffer: buffer, Total: memory}, Joined: 5e9})
			hears := func(id, seq uint64) {
				f := single(t, id, seq, 1300)
				f.Immutable = immutable
				l.hears(f)
			}
			for id := range uint64(sessions) {
				l.hears(rig.Beat(t, id, 0))
			}
			for seq := uint64(1); seq < 100; seq++ {
				for id := range uint64(sessions) {
					hears(id, seq)
				}
				if used := l.Memory(); used > memory {
					t.Fatalf("%d bytes are held, and %d may be", used, memory)
				}
			}
			var held, noRoom int
			for _, st := range l.Sessions() {
				if st.BufferedBytes > buffer+frameBuffer {
					t.Errorf("session %x holds %d bytes, and may hold %d and a frame", st.ID,
						st.BufferedBytes, buffer)
				}
				held, noRoom = held+st.BufferedBytes, noRoom+int(st.NoRoom)
			}
			if held < memory*3/4 || noRoom == 0 {
				t.Errorf("%d bytes are held of %d that may be; %d frames found no room", held,
					memory, noRoom)
			}
			for seq := range uint64(100) {
				for id := range uint64(sessions) {
					hears(id, seq)
				}
			}
			for _, st := range l.Sessions() {
				if st.Delivered != 100 || st.Buffered != 0 {
					t.Errorf("%+v", st)
				}
			}
			l.wantNothingHeld()
		})
	}
}

// A message that was begun and can't be completed gives back what was put together of
// it, however it ends: its rest is lost, the next begins in its place, its session falls
// silent, leaves the table or is closed.
func TestAMessageGivenUpGivesItsMemoryBack(t *testing.T) {
	hears := func(l *listener, frames ...*frame.Frame) {
		for _, f := range frames {
			l.hears(f)
		}
	}
	first, longer := pieces(t, 1, 0, 0, 5000), pieces(t, 1, 0, 0, 9000)
	gone := rig.Made(t, frame.Frame{
		Kind: frame.Heartbeat, Session: 1, Time: 1 << 60, NextSeq: 7, NextOffset: 1, OldestSeq: 5,
		OldestOffset: 1,
	})
	for name, end := range map[string]func(l *listener){
		"its rest is lost": func(l *listener) { hears(l, rig.Data(t, 1, 5), gone) },
		"another that spans follows": func(l *listener) {
			hears(l, pieces(t, 1, 5, 1,
				2000)...)
			l.hears(gone)
		},
		"another takes its place": func(l *listener) {
			hears(l, pieces(t, 1, 2, 1,
				2000)...)
		},
		"a whole one takes its place":   func(l *listener) { hears(l, rig.Data(t, 1, 2)) },
		"it is longer than it was said": func(l *listener) { hears(l, longer[2:]...) },
		"its session falls silent":      func(l *listener) { l.pass(3e9, false) },
		"its session leaves the table": func(l *listener) {
			l.pass(3e9, false)
			hears(l, rig.Beat(t, 2, 0), rig.Data(t, 2, 0))
		},
		"its subscriber closes": func(l *listener) {},
	} {
		t.Run(name, func(t *testing.T) {
			l := newListener(t, Config{Memory: Memory{MaxSessions: 1}, Joined: 5e9})
			hears(l, rig.Beat(t, 1, 0), first[0], first[1])
			if l.Memory() == 0 {
				t.Fatal("nothing is put together")
			}
			end(l)
			lost := 0
			for _, ev := range l.told {
				if ev.Kind == reliable.Message && ev.Offset == 0 && ev.Session == 1 {
					t.Errorf("it is delivered: %+v", ev)
				} else if ev.Kind == reliable.Loss {
					lost++
				}
			}
			if lost == 0 && name != "its subscriber closes" {
				t.Errorf("it isn't named lost: %+v", l.told)
			}
			l.wantNothingHeld()
		})
	}
}

// wantNothingHeld closes the subscriber, and wants all memory back.
func (l *listener) wantNothingHeld() {
	l.t.Helper()
	l.Close(l.now)
	l.poll()
	if used := l.Memory(); used != 0 {
		l.t.Errorf("%d bytes are still held of a subscriber that was closed", used)
	}
}

// single is a frame with one message of the same number, of n bytes.
func single(t testing.TB, session, seq uint64, n int) *frame.Frame {
	var b frame.Builder
	b.Open(make([]byte, 0, 1401), session, 0, seq, seq, 1<<60)
	b.Add(make([]byte, n))
	return rig.Decoded(t, b.Seal(false))
}

// pieces are the frames from one on of a message of n bytes that spans them.
func pieces(t testing.TB, session, seq, offset uint64, n int) (list []*frame.Frame) {
	t.Helper()
	var b frame.Builder
	rest := make([]byte, n)
	for ; len(rest) > 0; seq++ {
		b.Open(make([]byte, 0, 1100), session, 0, seq, offset, 1<<60)
		if len(list) == 0 {
			rest = rest[b.Start(rest):]
		} else {
			rest = rest[b.Continue(rest):]
		}
		list = append(list, rig.Decoded(t, b.Seal(false)))
	}
	return list
}
