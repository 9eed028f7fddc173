package demo

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/table"
	"crier/reliable"
	"crier/reliable/receive"
	"crier/reliable/send"
	"crier/testnet/checker"
	"crier/testnet/link"
	"crier/testnet/world"
)

// The demo of overload: one burst to a subscriber that is too slow, in virtual time, under
// each of a publisher's three answers.

const (
	overloadBurst  = 3000 // messages
	overloadEvery  = 500 * time.Microsecond
	overloadSize   = 1300 // bytes: a frame each
	overloadWork   = 2 * time.Millisecond
	overloadResend = 512 << 10
	overloadBuffer = 64 << 10 // of the slow one
	overloadDisk   = 16 << 20
	overloadEnd    = 9 * time.Second
	overloadTick   = overloadEnd / 60
)

// overloadResult is the outcome of an answer.
type overloadResult struct {
	Answer    string `json:"answer"`
	Accepted  uint64 `json:"accepted"`
	Dropped   uint64 `json:"dropped"`
	Slow      uint64 `json:"delivered_to_slow"`
	SlowLost  uint64 `json:"lost_by_slow"`
	Quick     uint64 `json:"delivered_to_quick"`
	QuickLost uint64 `json:"lost_by_quick"`
	// The worst latency of each, from acceptance to delivery, and how long the
	// producer was held, in nanoseconds.
	SlowWorst  time.Duration `json:"slow_worst_ns"`
	QuickWorst time.Duration `json:"quick_worst_ns"`
	Held       time.Duration `json:"producer_held_ns"`
	// Memory is the peak of resend buffer and slow subscriber's buffer together, Disk that of
	// the disk, in bytes.
	Memory int `json:"memory_bytes"`
	Disk   int `json:"disk_bytes"`
	// Lag is the number of messages that the slow one is behind, every 150 ms.
	Lag []uint64 `json:"lag"`
}

// playOverload plays one answer.
func playOverload(answer string, seed uint64) (*overloadResult, error) {
	r := &overloadResult{Answer: answer}
	w := world.New(world.Config{Seed: seed})
	check := checker.New(w)
	sc := send.Config{Name: "burst", Retention: send.Retention{ResendBuffer: overloadResend},
		Flow: send.Flow{Pace: reliable.Slowest()}}
	switch answer {
	case "drop":
		sc.Flow.WhenFull = reliable.Drop
	case "disk":
		sc.Retention.Disk = overloadDisk
	}
	pub, err := w.AddPublisher(world.PublisherConfig{Name: "producer", Sender: sc,
		Disk: world.DiskConfig{Wait: 2 * time.Millisecond}})
	if err != nil {
		return nil, err
	}
	link := link.Config{Delay: link.FixedDelay(100 * time.Microsecond),
		Loss: link.Bernoulli{P: 0.001}}
	slow, err := w.AddSubscriber(world.SubscriberConfig{
		Name: "slow", Down: link, Up: link, Work: overloadWork,
		Receiver: receive.Config{Name: "slow", Memory: receive.Memory{Buffer: overloadBuffer}},
		OnEvent:  worstLatency(pub, &r.SlowWorst),
	})
	if err != nil {
		return nil, err
	}
	quick, err := w.AddSubscriber(world.SubscriberConfig{
		Name: "quick", Down: link, Up: link,
		Receiver: receive.Config{Name: "quick"},
		OnEvent:  worstLatency(pub, &r.QuickWorst),
	})
	if err != nil {
		return nil, err
	}
	const start = reliable.Time(200 * time.Millisecond)
	payload := make([]byte, overloadSize)
	for i := range overloadBurst {
		w.At(start.Add(time.Duration(i)*overloadEvery), func() {
			copy(payload, fmt.Sprintf("%08d", i))
			if _, err := pub.Publish(payload); err != nil && !errors.Is(err, world.ErrHeld) &&
				err != reliable.ErrDropped {
				panic(err) // the publisher runs until the end
			}
		})
	}
	retained, held := uint64(0), 0
	for at := time.Duration(0); at < overloadEnd; at += overloadTick {
		if err := w.Run(start.Add(at)); err != nil {
			return nil, err
		}
		st := pub.Stats()
		retained = max(retained, st.Retained-st.Disk.Frames)
		held = max(held, slow.Stats().Memory)
		lag := uint64(0)
		for _, one := range slow.Sessions() {
			lag = pub.Session().NextOffset() - one.FirstOffset - one.Delivered - one.Lost
		}
		r.Lag = append(r.Lag, lag)
	}
	if err := check.Finish(start); err != nil {
		return nil, err
	}
	frame := overloadResend / max(1, overloadResend/1401)
	r.Memory, r.Disk = min(overloadResend, int(retained)*frame)+held, pub.DiskMost()*frame
	r.Held, r.Accepted = pub.BlockedFor(), pub.Session().NextOffset()
	r.Dropped = pub.Stats().Dropped
	for _, one := range slow.Sessions() {
		r.Slow, r.SlowLost = one.Delivered, one.Lost
	}
	for _, one := range quick.Sessions() {
		r.Quick, r.QuickLost = one.Delivered, one.Lost
	}
	return r, nil
}

// worstLatency returns a callback that keeps the longest latency.
func worstLatency(pub *world.Publisher,
	worst *time.Duration) func(reliable.Time, *reliable.Event) {
	return func(now reliable.Time, ev *reliable.Event) {
		if ev.Kind == reliable.Message {
			*worst = max(*worst, now.Sub(pub.Session().AcceptedAt(ev.Offset)))
		}
	}
}

// playOverloads plays all three and prints them side by side.
func playOverloads(seed uint64, asJSON bool, out io.Writer) error {
	var list []*overloadResult
	for _, answer := range []string{"drop", "disk", "block"} {
		r, err := playOverload(answer, seed)
		if err != nil {
			return err
		}
		list = append(list, r)
	}
	if asJSON {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		return enc.Encode(list)
	}
	_, err := io.WriteString(out, overloadText(list, seed, cli.SheetOf(out)))
	return err
}

func overloadText(list []*overloadResult, seed uint64, sheet cli.Sheet) string {
	var b strings.Builder
	b.WriteString(sheet.Fill(fmt.Sprintf("A burst of %s messages, one each %s, to a quick "+
		"subscriber and to one that takes %s for each; the pace is the slowest's, and %s of "+
		"memory keep what it has yet to take. The same burst under the three answers, in "+
		"virtual time (seed %d).\n\n", cli.Grouped(overloadBurst), cli.Duration(overloadEvery),
		cli.Duration(overloadWork), cli.Bytes(overloadResend), seed)))
	t := table.Table{Columns: []table.Column{{Key: true}}}
	for _, r := range list {
		t.Columns = append(t.Columns, table.Column{Head: r.Answer})
	}
	row := func(name string, of func(*overloadResult) table.Cell) {
		cells := table.Row{{Text: name}}
		for _, r := range list {
			cells = append(cells, of(r))
		}
		t.Rows = append(t.Rows, cells)
	}
	number := func(name string, of func(*overloadResult) uint64) {
		row(name, func(r *overloadResult) table.Cell {
			return table.Cell{Text: cli.Grouped(of(r))}
		})
	}
	lost := func(name string, of func(*overloadResult) uint64) {
		row(name, func(r *overloadResult) table.Cell {
			return table.Toned(cli.Bad, of(r), cli.Grouped(of(r)))
		})
	}
	length := func(name string, of func(*overloadResult) time.Duration) {
		row(name, func(r *overloadResult) table.Cell {
			return table.Cell{Text: cli.Duration(of(r))}
		})
	}
	space := func(name string, of func(*overloadResult) int) {
		row(name, func(r *overloadResult) table.Cell {
			return table.Cell{Text: cli.Bytes(of(r))}
		})
	}
	number("delivered to slow", func(r *overloadResult) uint64 { return r.Slow })
	lost("lost by slow", func(r *overloadResult) uint64 { return r.SlowLost })
	number("delivered to quick", func(r *overloadResult) uint64 { return r.Quick })
	lost("lost by quick", func(r *overloadResult) uint64 { return r.QuickLost })
	length("worst latency, slow", func(r *overloadResult) time.Duration { return r.SlowWorst })
	length("worst latency, quick", func(r *overloadResult) time.Duration { return r.QuickWorst })
	length("producer held", func(r *overloadResult) time.Duration { return r.Held })
	space("memory", func(r *overloadResult) int { return r.Memory })
	space("disk", func(r *overloadResult) int { return r.Disk })
	b.WriteString(t.Text(sheet))

	most := uint64(1)
	for _, r := range list {
		for _, n := range r.Lag {
			most = max(most, n)
		}
	}
	fmt.Fprintf(&b, "\nHow far the slow one is behind, over %s (full height: %s messages)\n\n",
		cli.Duration(overloadEnd), cli.Grouped(most))
	for _, r := range list {
		fmt.Fprintf(&b, "  %-7s %s\n", r.Answer, lagPicture(r.Lag, most))
	}
	b.WriteString(sheet.Fill("\ndrop costs everyone the same messages, and names them; disk " +
		"costs room and time; block costs the producer its own pace. Nothing was lost in silence " +
		"(checked, byte for byte).\n"))
	return b.String()
}

// lagPicture draws values as heights.
func lagPicture(values []uint64, most uint64) string {
	heights := []rune(" ▁▂▃▄▅▆▇█")
	line := make([]rune, len(values))
	for i, n := range values {
		h := n * 8 / most
		if n > 0 {
			h = max(h, 1)
		}
		line[i] = heights[h]
	}
	return strings.TrimRight(string(line), " ")
}
