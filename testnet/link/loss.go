package link

import (
	"errors"
	"fmt"

	"crier/testnet/random"
)

// Loss is a model of which datagrams a link loses: [Bernoulli],
// [GilbertElliott], [TraceLoss], [NoiseLoss], [Script], or several of them
// ([AnyLoss]). It is a value that any number of links may share; it must not be
// changed once a link has it.
//
// A model is asked about every datagram handed to the link, also about those
// that meet a full queue or a partition: its n-th answer is about the sender's
// n-th datagram since the link got the model.
type Loss interface {
	validate() error
	start() lossState
}

// lossState is one link's place in a model.
type lossState interface {
	// lose says whether the datagram that leaves the queue at now is lost.
	lose(now int64, r *random.Generator) bool
}

func validateLoss(l Loss) error {
	if l == nil {
		return nil
	}
	return l.validate()
}

func startLoss(l Loss) lossState {
	if l == nil {
		return noLoss{}
	}
	return l.start()
}

type noLoss struct{}

func (noLoss) lose(int64, *random.Generator) bool { return false }

// Bernoulli loses each datagram with probability P, whatever became of others.
type Bernoulli struct {
	P float64 // 0 to 1
}

func (m Bernoulli) validate() error {
	if !isProbability(m.P) {
		return fmt.Errorf("testnet: Bernoulli.P is a probability from 0 to 1, not %v", m.P)
	}
	return nil
}

func (m Bernoulli) start() lossState { return bernoulli(random.NewChance(m.P)) }

type bernoulli random.Chance

func (b bernoulli) lose(_ int64, r *random.Generator) bool { return r.Hit(random.Chance(b)) }

// GilbertElliott loses in bursts. The link is good or bad, and starts good. It
// loses a datagram with the probability of the state that it is in, and then
// changes state or not. The bad state lasts 1/BadToGood datagrams on average,
// and holds a share GoodToBad/(GoodToBad+BadToGood) of the time.
type GilbertElliott struct {
	GoodToBad float64 // probability of turning bad after a datagram, 0 to 1
	BadToGood float64 // probability of turning good after a datagram, 0 to 1
	LossGood  float64 // probability of loss while good, 0 to 1; often 0
	LossBad   float64 // probability of loss while bad, LossGood to 1; often 1
}

func (m GilbertElliott) validate() error {
	for _, p := range []struct {
		name  string
		value float64
	}{
		{"GoodToBad", m.GoodToBad}, {"BadToGood", m.BadToGood},
		{"LossGood", m.LossGood}, {"LossBad", m.LossBad},
	} {
		if !isProbability(p.value) {
			return fmt.Errorf("testnet: GilbertElliott.%s is a probability from 0 to 1, not %v",
				p.name, p.value)
		}
	}
	if m.LossBad == 0 || m.LossBad < m.LossGood {
		return fmt.Errorf("testnet: GilbertElliott.LossBad is %v: it must be above 0 and at "+
			"least LossGood (%v), for instance 1",
			m.LossBad, m.LossGood)
	}
	return nil
}

func (m GilbertElliott) start() lossState {
	return &gilbertElliott{
		turn: [2]random.Chance{random.NewChance(m.GoodToBad), random.NewChance(m.BadToGood)},
		loss: [2]random.Chance{random.NewChance(m.LossGood), random.NewChance(m.LossBad)},
	}
}

type gilbertElliott struct {
	state      int // 0 good, 1 bad
	turn, loss [2]random.Chance
}

func (g *gilbertElliott) lose(_ int64, r *random.Generator) bool {
	lost := r.Hit(g.loss[g.state])
	if r.Hit(g.turn[g.state]) {
		g.state ^= 1
	}
	return lost
}

// AnyLoss loses a datagram that any of its models loses. Each is asked about each datagram.
type AnyLoss []Loss

func (m AnyLoss) validate() error {
	for i, l := range m {
		if l == nil {
			return fmt.Errorf("testnet: AnyLoss has no model at place %d", i+1)
		}
		if err := l.validate(); err != nil {
			return err
		}
	}
	if len(m) == 0 {
		return errors.New("testnet: AnyLoss is empty; leave Loss nil to lose nothing")
	}
	return nil
}

func (m AnyLoss) start() lossState {
	s := make(anyLoss, len(m))
	for i, l := range m {
		s[i] = l.start()
	}
	return s
}

type anyLoss []lossState

func (s anyLoss) lose(now int64, r *random.Generator) bool {
	lost := false
	for _, l := range s {
		if l.lose(now, r) {
			lost = true
		}
	}
	return lost
}
