package crash

import (
	"context"
	"time"

	"crier/cmd/crier/demo/stage"
	"crier/reliable"
	"crier/reliable/receive"
	"crier/reliable/record"
	"crier/reliable/send"
	"crier/testnet/checker"
	"crier/testnet/link"
	"crier/testnet/world"
)

// place is where a subscriber is in the simulated network.
type place struct {
	name, about string
	down, up    link.Config
}

// uplink is the way from the producer's rack to that of the subscribers. What it loses, all of
// them lose.
var uplink = link.Config{
	Delay: link.FixedDelay(3 * time.Millisecond),
	Loss:  link.GilbertElliott{GoodToBad: 0.008, BadToGood: 1.0 / 4, LossBad: 1},
}

// places are the subscribers' networks, behind the uplink.
var places = []place{
	{
		"near", "1 ms away, loses 2 % at random",
		link.Config{
			Delay: link.UniformDelay{Min: 900 * time.Microsecond, Max: 1100 * time.Microsecond},
			Loss:  link.Bernoulli{P: 0.02},
		},
		link.Config{Delay: link.FixedDelay(time.Millisecond)},
	},
	{
		"lossy", "1 ms away, loses 5 % at random",
		link.Config{
			Delay: link.UniformDelay{Min: 900 * time.Microsecond, Max: 1100 * time.Microsecond},
			Loss:  link.Bernoulli{P: 0.05},
		},
		link.Config{Delay: link.FixedDelay(time.Millisecond)},
	},
	{
		"bursty", "2 to 3 ms away, loses 4 % in bursts of 12 datagrams on average",
		link.Config{
			Delay: link.UniformDelay{Min: 2 * time.Millisecond, Max: 3 * time.Millisecond},
			Loss:  link.GilbertElliott{GoodToBad: 0.0035, BadToGood: 1.0 / 12, LossBad: 1},
		},
		link.Config{Delay: link.FixedDelay(2 * time.Millisecond)},
	},
}

// beside is the recorder's network: it stands in the producer's rack.
var beside = link.Config{Delay: link.FixedDelay(50 * time.Microsecond)}

const (
	// write is the producer's time for a datagram, which makes messages of a burst wait.
	write = 5 * time.Microsecond
	// joined is when the producer's first message is due: the subscribers have joined.
	joined = reliable.Time(100 * time.Millisecond)
	// late is the time from the crash until another subscriber comes, and after until the end.
	late  = 5 * time.Second
	after = 15 * time.Second
)

// recorderName is the name of the recorder.
const recorderName = "recorder"

// arrangement is how an arm differs from the others.
type arrangement struct {
	name string
	// history is what each subscriber keeps for others, in bytes.
	history  int
	recorder bool
}

// helper is who repeats what the producer can't any more, in words.
func (how *arrangement) helper() string {
	if how.recorder {
		return recorderName
	}
	return "survivors"
}

// keeps is what a subscriber keeps for others, in bytes.
const keeps = 8 << 20

var arrangements = []arrangement{
	{name: "bare"},
	{name: "survivors", history: keeps},
	{name: "recorder", history: keeps, recorder: true},
}

// playSim plays the crash under all arms in virtual time.
func playSim(_ context.Context, plan *stage.Script) (*report, error) {
	r := &report{Seed: plan.Seed, Net: "sim", KilledAt: plan.End(), Burst: plan.Burst,
		IntoBurst: plan.Into}
	for i := range arrangements {
		a, err := playArm(plan, &arrangements[i])
		if err != nil {
			return nil, err
		}
		r.Arms = append(r.Arms, a)
	}
	return r, nil
}

// playArm plays one arm, with the checker of the promise.
func playArm(plan *stage.Script, how *arrangement) (*arm, error) {
	w := world.New(world.Config{Seed: plan.Seed})
	check := checker.New(w)
	watch := &watch{w: w, names: map[uint64]string{}, crashed: reliable.Never,
		latency: latencies{plan: plan}}
	w.Observe(watch.observer())
	if err := watch.populate(how); err != nil {
		return nil, err
	}
	var err error
	watch.pub, err = w.AddPublisher(world.PublisherConfig{
		Name: producer, Write: write, Sender: send.Config{Name: "market"},
	})
	if err != nil {
		return nil, err
	}
	for _, m := range plan.Messages {
		w.At(joined.Add(m.At), func() { watch.pub.Publish(m.Payload) })
	}
	end := joined.Add(plan.End())
	w.At(end, func() {
		watch.pub.Crash()
		watch.crash(end)
	})
	if err := w.Run(end.Add(late)); err != nil {
		return nil, err
	}
	newcomer, err := watch.add(places[0], arrangement{}, receive.Config{Name: "late",
		Start: reliable.Oldest, Logs: receive.Logs{Ask: true}})
	if err != nil {
		return nil, err
	}
	if err := w.Run(end.Add(after)); err != nil {
		return nil, err
	}
	if err := check.Finish(end); err != nil {
		return nil, err
	}
	a := &arm{Name: how.name, Recorder: how.recorder, Checked: true}
	for _, st := range newcomer.Sessions() {
		a.Late += st.Delivered
	}
	watch.finish(a)
	return a, nil
}

// populate adds the subscribers, and the recorder.
func (w *watch) populate(how *arrangement) error {
	segment, err := w.w.AddSegment("uplink", uplink)
	if err != nil {
		return err
	}
	w.segment = segment
	for _, p := range places {
		rc := receive.Config{Name: p.name}
		rc.Logs.Ask = how.recorder
		sub, err := w.add(p, *how, rc)
		if err != nil {
			return err
		}
		n := &node{name: p.name, sub: sub, member: &member{Name: p.name, Link: p.about}}
		w.nodes = append(w.nodes, n)
		w.names[sub.Config().Receiver.ID] = p.name
	}
	if !how.recorder {
		return nil
	}
	rec, err := w.w.AddRecorder(world.RecorderConfig{
		Subscriber: world.SubscriberConfig{Name: recorderName, Down: beside, Up: beside,
			Receiver: receive.Config{Name: recorderName}},
		Record: record.Config{},
	})
	if err != nil {
		return err
	}
	w.nodes = append(w.nodes, &node{name: "recorder", sub: rec.Subscriber, recorder: true})
	w.names[rec.Config().Receiver.ID] = recorderName
	return nil
}

// add adds a subscriber behind the uplink.
func (w *watch) add(p place, how arrangement, rc receive.Config) (*world.Subscriber, error) {
	return w.w.AddSubscriber(world.SubscriberConfig{
		Name: rc.Name, Down: p.down, Up: p.up, Segment: w.segment, Receiver: rc,
		History: how.history,
	})
}

// crash notes the time of the crash, and what was held then.
func (w *watch) crash(now reliable.Time) {
	w.crashed = now
	for _, n := range w.nodes {
		if !n.recorder {
			w.cost.Memory += uint64(n.sub.Memory())
		}
	}
	for _, rec := range w.w.Recorders() {
		w.cost.Disk += uint64(rec.Disk().Used())
	}
}
