//go:build unix

package recorder_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"crier/multicast/files"
	"crier/nack"
	"crier/publisher"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/journal"
	"crier/reliable/playback"
	"crier/subscriber/recorder"
)

// Recorders are killed with SIGKILL, again and again, at the rate that their disk takes, and
// nothing that they reported as written may be missing. A few kills are part of each test run;
// many:
//
//	go test ./subscriber/recorder -run TestKill -kills 500 -kill-dir /somewhere -timeout 20m

var (
	kills    = flag.Int("kills", 2, "how often TestKill kills a recorder")
	killSeed = flag.Uint64("kill-seed", 0, "seed of the moments of TestKill; 0: a new one")
	killDir  = flag.String("kill-dir", "",
		"directory for the logs of TestKill; empty: a temporary one")
)

// childVariable holds the configuration of a recorder in a process of its own.
const childVariable = "CRIER_TEST_RECORDER"

func TestMain(m *testing.M) {
	if text := os.Getenv(childVariable); text != "" {
		os.Exit(record(text))
	}
	os.Exit(m.Run())
}

// record records until standard input ends, or it is killed.
func record(text string) int {
	var cfg recorder.Config
	if err := json.Unmarshal([]byte(text), &cfg); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	rec, err := recorder.New(cfg)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println("recording")
	_, _ = io.Copy(io.Discard, os.Stdin)
	if err := rec.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// child starts a recorder, and waits until it records.
func child(t *testing.T, cfg recorder.Config) *exec.Cmd {
	t.Helper()
	text, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+string(text))
	if _, err = cmd.StdinPipe(); err != nil { // it ends with this process
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 64)
	n, err := out.Read(line)
	if err != nil || !strings.HasPrefix(string(line[:n]), "recording") {
		_ = cmd.Wait()
		t.Fatalf("the recorder doesn't record: %v %s", err, said.String())
	}
	return cmd
}

// payload is the message of an offset: its number, and bytes that follow from it.
func payload(buf []byte, offset uint64) []byte {
	buf = binary.BigEndian.AppendUint64(buf[:0], offset)
	n := 100 + int(offset*2654435761%1900)
	x := offset*0x9e3779b97f4a7c15 | 1
	for len(buf) < n {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		buf = binary.BigEndian.AppendUint64(buf, x)
	}
	return buf
}

// A source publishes as fast as recorders write, and so far ahead of them as its memory has room.
type source struct {
	*publisher.Publisher
	stop context.CancelFunc
	done sync.WaitGroup
	// written is one past the last message that a recorder reported as written.
	written atomic.Uint64
}

func newSource(t *testing.T, group netip.AddrPort) *source {
	t.Helper()
	pub, err := publisher.New(publisher.Config{
		Group: group, Name: "source",
		Retention: publisher.Retention{ResendBuffer: 32 << 20},
		Flow:      publisher.Flow{StallTimeout: 200 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	s := &source{Publisher: pub}
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	var next atomic.Uint64
	s.done.Go(func() {
		var buf []byte
		for ctx.Err() == nil {
			n := next.Load()
			if n > s.written.Load()+maxAhead {
				time.Sleep(100 * time.Microsecond)
				continue
			}
			buf = payload(buf, n)
			if _, err := pub.Publish(ctx, buf); err != nil {
				return
			}
			next.Add(1)
		}
	})
	s.done.Go(func() { // it wants to know, so that reports come each millisecond
		for ctx.Err() == nil {
			wait, cancel := context.WithTimeout(ctx, 10*time.Second)
			if n := next.Load(); n == 0 || pub.Recorded(wait, n-1) != nil {
				time.Sleep(time.Millisecond)
			} else {
				s.written.Store(n)
			}
			cancel()
		}
	})
	return s
}

// reported returns one past the last message that a recorder reported as written, by its last word.
func (s *source) reported() uint64 {
	n := s.written.Load()
	for _, row := range append(s.Subscribers(), s.Departed()...) {
		if row.Recorder {
			n = max(n, row.Written)
		}
	}
	return n
}

// maxAhead is how many messages a source is ahead of its recorder, at most.
const maxAhead = 4_000

func (s *source) end() {
	s.stop()
	s.done.Wait()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = s.Shutdown(ctx)
}

// TestKill kills recorders at random moments, and looks at what they leave: all that was reported
// as written is there, each block verifies, and each frame is that which was published, or in a
// hole that is named.
func TestKill(t *testing.T) {
	seed := *killSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	defer func() {
		if t.Failed() {
			t.Logf("again with: go test ./subscriber/recorder -run TestKill -kills %d -kill-seed %d",
				*kills, seed)
		}
	}()
	draw := rand.New(rand.NewPCG(seed, 0))
	dir := *killDir
	if dir == "" {
		dir = t.TempDir()
	}
	modes := []recorder.FsyncMode{recorder.FsyncEach, recorder.FsyncInterval, recorder.FsyncNone}
	logs := make([]*killed, 6)
	defer func() {
		for i, l := range logs {
			if l != nil {
				l.src.end()
				t.Logf("log %d: %+v", i, l.found)
			}
		}
	}()
	for i := range *kills {
		// Of three in a row, one has small segments: it is killed amid their changes.
		at, small := 2*(i%3), i/3%3 == i%3
		if small {
			at++
		}
		if logs[at] == nil {
			logs[at] = newKilled(t, filepath.Join(dir, fmt.Sprint(at)), at, modes[i%3], small)
		}
		if err := logs[at].kill(t, draw); err != nil {
			t.Fatalf("kill %d, log %d: %v", i, at, err)
		}
	}
}

// A killed is a log whose recorders are killed, one after the other.
type killed struct {
	cfg   recorder.Config
	src   *source
	found finding
}

func newKilled(t *testing.T, dir string, at int, mode recorder.FsyncMode, small bool) *killed {
	t.Helper()
	group := netip.AddrPortFrom(netip.AddrFrom4([4]byte{239, 77, 61, byte(1 + at)}),
		uint16(20000+os.Getpid()%20000))
	k := &killed{cfg: recorder.Config{
		Groups: []netip.AddrPort{group}, Name: "rec", Dir: dir,
		Fsync: recorder.Fsync{Mode: mode, Every: 5 * time.Millisecond},
		Keep:  recorder.Keep{Bytes: 64 << 20}, Segment: 8 << 20, Tail: 8 << 20,
	}}
	if small {
		k.cfg.Keep.Bytes, k.cfg.Segment = 1<<20, 64<<10
	}
	k.src = newSource(t, group)
	return k
}

// kill starts a recorder, kills it a moment after it has written, and looks at what it left.
func (k *killed) kill(t *testing.T, draw *rand.Rand) error {
	t.Helper()
	cmd := child(t, k.cfg)
	before := k.src.written.Load()
	for deadline := time.Now().Add(20 * time.Second); k.src.written.Load() == before; {
		if time.Now().After(deadline) {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			return errors.New("nothing was reported as written")
		}
		time.Sleep(time.Millisecond)
	}
	time.Sleep(time.Duration(draw.Int64N(int64(150 * time.Millisecond))))
	err := cmd.Process.Kill()
	_ = cmd.Wait()
	written := k.src.reported()
	if err != nil {
		return err
	}
	got, err := inspect(k.cfg.Dir, uint64(k.src.Session()), written)
	k.found.add(got)
	return err
}

// A finding is what the logs that were killed held.
type finding struct {
	Kills, Torn, Segments int
	// Behind counts messages in the log beyond those that were reported.
	Frames, HoleFrames, Messages, Behind uint64
}

func (f *finding) add(o finding) {
	f.Kills++
	f.Torn += o.Torn
	f.Segments += o.Segments
	f.Frames += o.Frames
	f.HoleFrames += o.HoleFrames
	f.Behind += o.Behind
	f.Messages += o.Messages
}

// inspect reads a log as a process was killed and left it.
func inspect(dir string, session, written uint64) (got finding, err error) {
	d, err := files.OpenReadOnly(dir)
	if err != nil {
		return got, err
	}
	defer d.Close()
	log, report, err := journal.Open(d, journal.Config{ReadOnly: true}, 0)
	if err != nil {
		return got, err
	}
	defer log.Close()
	if err := harmless(report, &got); err != nil {
		return got, err
	}
	if report, err = log.Verify(journal.Key{}, nil); err != nil {
		return got, err
	}
	if err := harmless(report, &got); err != nil {
		return got, err
	}
	for _, s := range log.States() {
		got.Segments += s.Segments
		if s.Key.Session != session {
			continue
		}
		if s.Next.Offset < written {
			return got, fmt.Errorf("the log ends at message %d, and those below %d were reported as "+
				"written", s.Next.Offset, written)
		}
		got.Behind += s.Next.Offset - written
		if err := frames(log, s, &got); err != nil {
			return got, err
		}
		if err := messages(log, s, &got); err != nil {
			return got, err
		}
		return got, nil
	}
	return got, fmt.Errorf("the log has nothing of the session, and messages below %d were reported "+
		"as written", written)
}

// harmless returns an error for what a kill can't do.
func harmless(report *journal.Report, got *finding) error {
	for i := range report.Findings {
		switch f := &report.Findings[i]; f.Kind {
		case journal.Torn:
			got.Torn++
		case journal.Foreign:
		default:
			return fmt.Errorf("found %+v", *f)
		}
	}
	return nil
}

// frames checks that each frame is there, or in a hole that is named.
func frames(log *journal.Log, s journal.State, got *finding) error {
	var dec frame.Decoder
	var f frame.Frame
	for span := (nack.Range{From: s.Oldest.Seq, To: s.Next.Seq}); span.Len() > 0; {
		res := log.Do(&journal.Job{Key: s.Key, Read: span}, 0)
		if res.Err != nil || res.Read.Len() == 0 {
			return fmt.Errorf("frames %v can't be read: %v", span, res.Err)
		}
		for i, sealed := range res.Frames {
			seq := res.Read.From + uint64(i)
			if sealed == nil {
				named := false
				for _, h := range res.Holes {
					named = named || h.Frames.Contains(seq)
				}
				if !named {
					return fmt.Errorf("frame %d is missing, and in no hole that is named", seq)
				}
				got.HoleFrames++
				continue
			}
			if err := dec.Decode(sealed, &f); err != nil || f.Kind != frame.Data ||
				f.Session != s.Key.Session || f.Seq != seq {
				return fmt.Errorf("frame %d is %v: %v", seq, &f, err)
			}
			got.Frames++
		}
		span.From = res.Read.To
	}
	return nil
}

// messages checks that each message is the one that was published.
func messages(log *journal.Log, s journal.State, got *finding) error {
	r, err := playback.NewReader(log, s, reliable.Oldest, reliable.Until{})
	if err != nil {
		return err
	}
	var ev reliable.Event
	var buf []byte
	next, known := uint64(0), false
	for {
		more, err := r.Next(&ev)
		if err != nil || !more {
			return err
		}
		switch ev.Kind {
		case reliable.Loss:
			if known && ev.Lost.From != next {
				return fmt.Errorf("messages %v are lost, and %d is due", ev.Lost, next)
			}
			next, known = ev.Lost.To, true
		case reliable.Message:
			if known && ev.Offset != next {
				return fmt.Errorf("message %d, and %d is due", ev.Offset, next)
			}
			if buf = payload(buf, ev.Offset); !bytes.Equal(buf, ev.Payload) {
				return fmt.Errorf("message %d isn't the one that was published", ev.Offset)
			}
			next, known = ev.Offset+1, true
			got.Messages++
		}
	}
}
