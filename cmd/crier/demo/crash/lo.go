package crash

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/demo/stage"
	"crier/cmd/crier/events"
)

// cleanName is the subscriber whose network is as it is.
const cleanName = "clean"

// loLinks are the links of the subscriber processes.
var loLinks = []struct{ name, about, impair string }{
	{cleanName, "the loopback interface as it is", ""},
	{"lossy", "loses 5 % at random", "loss=5%"},
	{
		"bursty", "2 to 3 ms away, loses 4 % in bursts of 12 datagrams on average",
		"burst=4%/12 delay=2ms..3ms",
	},
}

const (
	// asked is the link to the producer process: what subscribers ask for reaches it late. The
	// loopback interface takes all at once; so there is something, as on a network that takes its
	// time, that waits to be repaired.
	asked = "delay=20ms"
	// patience bounds the time of an arm.
	patience = time.Minute
	// helped is the time from the crash from which on nothing comes from the producer any more,
	// and before which nobody helps: those who survive begin when 2 s have been silent.
	helped = time.Second
)

// playLo plays the crash with real processes on the loopback interface, one arm after another.
func (o *Options) playLo(ctx context.Context, plan *stage.Script, progress io.Writer) (*report,
	error) {
	// The kernel ends the processes with the thread that started them.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	r := &report{Seed: plan.Seed, Net: "lo", Burst: plan.Burst, IntoBurst: plan.Into,
		KilledAt: plan.End()}
	for i := range arrangements {
		how := &arrangements[i]
		fmt.Fprintf(progress, "%s ...\n", how.name)
		a, err := playProcesses(ctx, plan, how)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", how.name, err)
		}
		r.Arms = append(r.Arms, a)
	}
	fmt.Fprintf(progress, "%s ...\n", brokerName)
	list, err := o.playBrokers(ctx, plan)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", brokerName, err)
	}
	r.Arms = append(r.Arms, list...)
	return r, nil
}

// lo is an arm with real processes.
type lo struct {
	plan     *stage.Script
	how      *arrangement
	self     string
	dir      string
	group    string
	subs     []*process
	producer *stage.Producer
	recorder *exec.Cmd
	recorded []bool  // by offset: the recorder has it
	before   traffic // when all had been started
	cost     cost
	crashed  time.Time
}

// playProcesses plays one arm.
func playProcesses(ctx context.Context, plan *stage.Script, how *arrangement) (*arm, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	dir, err := os.MkdirTemp("", "crier-demo-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	l := &lo{plan: plan, how: how, dir: dir}
	if l.self, err = stage.Self(); err != nil {
		return nil, err
	}
	if l.group, err = stage.FreeGroup(); err != nil {
		return nil, err
	}
	defer l.end()
	if err := l.start(ctx); err != nil {
		return nil, err
	}
	err = l.producer.Run(ctx, func(since time.Duration, accepted uint64) {
		if l.cost.Memory == 0 && accepted >= uint64(len(plan.Messages))*9/10 {
			l.cost.Memory = l.memory()
		}
		l.crashed = time.Now()
	})
	if err != nil {
		return nil, err
	}
	l.cost.since(l.before)
	l.cost.Disk = used(l.log())
	return l.account(ctx)
}

// memory returns how much memory all processes have.
func (l *lo) memory() uint64 {
	sum := resident(l.producer.Pid())
	for _, s := range l.subs {
		sum += resident(s.Pid())
	}
	if l.recorder != nil {
		sum += resident(l.recorder.Process.Pid)
	}
	return sum
}

// log is the directory of the recorder's log.
func (l *lo) log() string { return filepath.Join(l.dir, "log") }

// start starts the recorder and the subscribers, and the producer once they listen.
func (l *lo) start(ctx context.Context) error {
	if l.how.recorder {
		if err := l.startRecorder(ctx); err != nil {
			return err
		}
	}
	for i, link := range loLinks {
		s := &process{plan: l.plan, member: member{Name: link.name, Link: link.about}}
		var err error
		s.Subscriber, err = l.subscriber(ctx, link.name, s.take, "--impair", link.impair,
			"--drop-seed", strconv.FormatUint(l.plan.Seed+uint64(i), 10))
		if err != nil {
			return err
		}
		l.subs = append(l.subs, s)
	}
	for _, s := range l.subs {
		if err := s.Listening(ctx); err != nil {
			return err
		}
	}
	var err error
	l.before = loTraffic()
	l.producer, err = stage.StartProducer(ctx, l.self, l.dir, l.group, l.plan, "--impair", asked)
	return err
}

// subscriber starts a subscriber of this arm.
func (l *lo) subscriber(ctx context.Context, name string, take func(*events.Line) error,
	flags ...string) (*stage.Subscriber, error) {
	return stage.StartSubscriber(ctx, l.self, l.dir, name, take,
		append([]string{"--group", l.group, "--timeout", patience.String(), "--history",
			strconv.Itoa(l.how.history)}, flags...)...)
}

// startRecorder starts the recorder, and waits until it listens.
func (l *lo) startRecorder(ctx context.Context) error {
	l.recorder = exec.CommandContext(ctx, l.self, "record", "--group", l.group, "--iface", "lo",
		"--dir", l.log(), "--name", recorderName)
	l.recorder.SysProcAttr = stage.ChildAttr()
	words, err := l.recorder.StderrPipe()
	if err != nil {
		return err
	}
	if err := l.recorder.Start(); err != nil {
		return err
	}
	last, ok := stage.Await(words, "recording")
	if !ok {
		return fmt.Errorf("the recorder didn't start: %s", last)
	}
	go io.Copy(io.Discard, words)
	return nil
}

// account waits until the subscribers have given up the session, and accounts for each message.
func (l *lo) account(ctx context.Context) (*arm, error) {
	a := &arm{Name: l.how.name, Recorder: l.how.recorder, Checked: true}
	var err error
	if a.Accepted, a.Sent, err = l.producer.Watermarks(); err != nil {
		return nil, err
	}
	for _, s := range l.subs {
		t, err := s.Finish()
		if ctx.Err() != nil { // which ends the processes, wherever they are
			return nil, fmt.Errorf("subscriber %s was not done %s after the crash: %w",
				s.member.Name, cli.Duration(time.Since(l.crashed)), ctx.Err())
		}
		if err != nil {
			return nil, err
		}
		if t.NextOffset > a.Accepted || t.FirstOffset != 0 ||
			t.Delivered+t.Lost != t.NextOffset || t.Delivered != s.Delivered {
			return nil, fmt.Errorf("subscriber %s: its summary doesn't add up: %+v, and it "+
				"printed %d of %d messages", s.member.Name, *t, s.Delivered, a.Accepted)
		}
		s.Named, s.End = t.Lost, t.End
		a.Sent = max(a.Sent, t.NextOffset) // it is counted after the messages have gone out
		a.Subscribers = append(a.Subscribers, &s.member)
	}
	if err := l.newcomer(ctx, a); err != nil {
		return nil, err
	}
	l.end()
	l.sum(a)
	return a, nil
}

// newcomer lets another subscriber come, and counts what it gets.
func (l *lo) newcomer(ctx context.Context, a *arm) error {
	heard := false
	l.recorded = make([]bool, a.Accepted)
	s, err := l.subscriber(ctx, "late", func(ev *events.Line) error {
		if heard = true; ev.Type == "message" && *ev.Offset < a.Accepted {
			a.Late++
			l.recorded[*ev.Offset] = true
		}
		return nil
	}, "--start", "oldest", "--timeout", lateWait(l.how).String())
	if err != nil {
		return err
	}
	defer s.Kill()
	if _, err = s.Finish(); !heard {
		return nil // there is no session for it
	}
	return err
}

// lateWait is how long one who comes late waits.
func lateWait(how *arrangement) time.Duration {
	if how.recorder {
		return 10 * time.Second // it leaves before, when the session has ended for it
	}
	return time.Second
}

// sum finds who got what from the producer, and what it cost.
func (l *lo) sum(a *arm) {
	latency := latencies{plan: l.plan}
	for _, s := range l.subs {
		for uint64(len(s.fates)) < a.Accepted {
			s.fates, s.at = append(s.fates, lost), append(s.at, 0)
		}
		for o := range s.fates {
			since := time.Duration(int64(s.at[o]) - l.crashed.UnixNano())
			switch {
			case s.fates[o] == lost:
				continue
			case s.fates[o] == byProducer && since > helped:
				s.fates[o] = bySurvivor
				if l.how.recorder {
					s.fates[o] = byRecorder
				}
				s.add(l.how.helper())
			case s.fates[o] == byProducer:
				s.add(producer)
			}
			if s.at[o] = since; since <= 0 {
				s.AtCrash++
				if s.member.Name == cleanName {
					latency.record(uint64(o), s.late[o])
				}
			}
		}
		for i := range s.named {
			s.named[i] -= time.Duration(l.crashed.UnixNano())
		}
		if s.silent > 0 {
			s.Done = time.Duration(s.silent - l.crashed.UnixNano())
		}
		l.cost.Processor += processor(s.Ended())
	}
	l.cost.Processor += processor(l.producer.Ended())
	if l.recorder != nil {
		l.cost.Processor += processor(l.recorder.ProcessState)
	}
	got := func(m *member, o uint64) bool {
		return m.fates[o] == direct || m.fates[o] == byProducer
	}
	total := len(a.Subscribers)
	if l.how.recorder {
		total++
	}
	a.reach(func(o uint64) (list []string) {
		for _, s := range a.Subscribers {
			if got(s, o) {
				list = append(list, s.Name)
			}
		}
		if l.how.recorder && l.recorded[o] {
			list = append(list, recorderName)
		}
		return list
	}, total)
	for _, m := range a.Subscribers {
		m.lose(a, a.why)
	}
	latency.put(&l.cost)
	a.Cost = l.cost
	a.finish()
}

// end ends the processes that still run.
func (l *lo) end() {
	for _, s := range l.subs {
		s.Kill()
	}
	l.producer.End()
	if c := l.recorder; c != nil && c.Process != nil && c.ProcessState == nil {
		c.Process.Kill()
		c.Wait()
	}
}

// process is a subscriber process.
type process struct {
	member
	*stage.Subscriber
	plan   *stage.Script
	late   []time.Duration // by offset: from acceptance to delivery
	silent int64           // when the session ended, in nanoseconds since the Unix epoch
}

var errNotPublished = errors.New("a message is not what was published")

// take notes an event, and compares a message with the published one.
func (s *process) take(ev *events.Line) error {
	switch ev.Type {
	case "silent":
		s.silent, s.member.Certificate = ev.Received, ev.Certificate
	case "amended":
		s.member.Certificate = ev.Certificate
	case "loss":
		s.named = append(s.named, time.Duration(ev.Received))
	case "message":
		if !s.plan.Is(*ev.Offset, []byte(*ev.Text)) {
			return fmt.Errorf("offset %d: %w", *ev.Offset, errNotPublished)
		}
		s.Delivered++
		for uint64(len(s.fates)) <= *ev.Offset {
			s.fates, s.at, s.late = append(s.fates, lost), append(s.at, 0), append(s.late, 0)
		}
		s.fates[*ev.Offset] = direct
		if ev.Recovered != nil && *ev.Recovered {
			s.fates[*ev.Offset] = byProducer // or by another, once the time of the crash is known
		}
		s.at[*ev.Offset] = time.Duration(ev.Received)
		s.late[*ev.Offset] = time.Duration(ev.Received - ev.SentNS)
	}
	return nil
}
