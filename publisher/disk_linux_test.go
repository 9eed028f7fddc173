package publisher_test

import (
	"syscall"
	"testing"
	"testing/synctest"

	"crier/publisher"
)

// A full disk counts as a failing one.
func TestFullDisk(t *testing.T) {
	for _, full := range []publisher.WhenFull{publisher.Block, publisher.Drop} {
		dir := t.TempDir()
		if err := syscall.Mount("crier-test", dir, "tmpfs", 0, "size=512k"); err != nil {
			t.Skipf("a small disk can't be mounted here (%v): run this test as root", err)
		}
		t.Cleanup(func() {
			if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
				t.Error(err)
			}
		})
		synctest.Test(t, func(t *testing.T) {
			wantFailure(t, full, "no space left on device", publisher.Config{
				Retention: publisher.Retention{DiskDir: dir},
				Flow:      publisher.Flow{WhenFull: full},
			})
		})
	}
}
