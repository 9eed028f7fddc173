package events

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A few losses are told one by one; of a flood, a few and a sum a second; and none
// is left out of the sums.
func TestLossWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		w := &lossWords{command: "crier sub", out: &out}
		said := func(want string) {
			t.Helper()
			synctest.Wait()
			w.mu.Lock() // as for the timer's writes
			defer w.mu.Unlock()
			if got := out.String(); got != want {
				t.Errorf("it said %q, want %q", got, want)
			}
			out.Reset()
		}
		lose := func(n int) {
			for i := range n {
				w.tell(fmt.Sprint("loss ", i), 10)
			}
		}
		lines := func(n int) string {
			var b strings.Builder
			for i := range n {
				fmt.Fprintf(&b, "crier sub: loss %d\n", i)
			}
			return b.String()
		}
		lose(3)
		said(lines(3))
		time.Sleep(lossPause + 1)
		said("")
		lose(4424)
		said(lines(5))
		time.Sleep(lossPause + 1)
		said("crier sub: and 4,419 losses more, of 44,190 messages\n")
		lose(6)
		said(lines(5))
		w.sum()
		said("crier sub: and 1 loss more, of 10 messages\n")
		lose(1)
		w.close()
		said("crier sub: and 1 loss more, of 10 messages\n")
		time.Sleep(time.Hour)
		said("")
	})
}
