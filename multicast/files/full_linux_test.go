package files

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"testing"

	"crier/nack"
	"crier/reliable/journal"
)

// inside names the small file system that the test's second run has.
const inside = "CRIER_TEST_SMALL_DISK"

// A log on a full file system drops its oldest segments, and goes on.
func TestFullFileSystem(t *testing.T) {
	dir := os.Getenv(inside)
	if dir == "" {
		if os.Getuid() != 0 {
			t.Skip("only root can mount a small file system")
		}
		cmd := exec.Command("unshare", "-m", "sh", "-c",
			`mount -t tmpfs -o size=4m tmpfs "$`+inside+`" && `+
				`exec "$0" -test.run "^TestFullFileSystem$"`,
			os.Args[0])
		cmd.Env = append(os.Environ(), inside+"="+t.TempDir())
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if err != nil && (!errors.As(err, &exit) || bytes.Contains(out, []byte("mount"))) {
			t.Skipf("no small file system can be mounted: %v: %s", err, out)
		} else if err != nil {
			t.Fatalf("%s", out)
		}
		return
	}
	d, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	l, _, err := journal.Open(d, journal.Config{Segment: 1 << 20}, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	data := bytes.Repeat([]byte{7}, 60000)
	key := journal.Key{Session: 1}
	dropped := 0
	for seq := range uint64(200) { // 12 MB
		r := l.Do(&journal.Job{Key: key, Records: []journal.Record{{
			Frames: nack.Range{From: seq, To: seq + 1}, Data: data,
			Sizes: []int32{int32(len(data))},
		}}}, 1)
		if r.Err != nil || r.State.Next.Seq != seq+1 {
			t.Fatalf("frame %d: %v", seq, r.Err)
		}
		dropped += r.Dropped
	}
	free, err := d.Free()
	if dropped == 0 || err != nil || free > 2<<20 || l.Bytes() < 2<<20 {
		t.Errorf("%d segments were dropped, %d bytes are left, %d are free, %v", dropped, l.Bytes(),
			free, err)
	}
	if report, err := l.Verify(journal.Key{}, nil); err != nil || len(report.Findings) > 0 {
		t.Errorf("%+v, %v", report, err)
	}
}
