package link

import (
	"math"
	"slices"
	"strings"
	"testing"

	"crier/testnet/link/linktest"
)

func TestBernoulliLosesItsShare(t *testing.T) {
	const n = 300_000
	for _, p := range []float64{0, 0.0001, 0.01, 0.05, 0.5, 0.999, 1} {
		lost := lossesOf(t, mustLink(t, Config{Loss: Bernoulli{p}}, 1), n, 1)
		mean, sd := linktest.Binomial(n, p)
		linktest.Within(t, "losses", float64(countLost(lost)), mean, sd)

		// Independence: pairs of losses in a row come with probability p*p. The
		// n-1 pairs overlap; Var = n(p²(1-p²) + 2p³(1-p)).
		pairs := 0
		for i := 1; i < n; i++ {
			if lost[i-1] && lost[i] {
				pairs++
			}
		}
		q := p * p
		linktest.Within(t, "losses in a row", float64(pairs), (n-1)*q,
			math.Sqrt(n*(q*(1-q)+2*q*p*(1-p))))
	}
}

func TestGilbertElliottLosesInBursts(t *testing.T) {
	const n = 500_000
	for _, m := range []GilbertElliott{
		{GoodToBad: 0.001, BadToGood: 0.1, LossBad: 1},
		{GoodToBad: 0.02, BadToGood: 0.3, LossBad: 1},
		{GoodToBad: 0.5, BadToGood: 0.5, LossBad: 1}, // as Bernoulli of 1/2
	} {
		lost := lossesOf(t, mustLink(t, Config{Loss: m}, 2), n, 1)

		// The share of bad time is p/(p+q). The states are correlated with
		// r = 1-p-q a step, which widens the variance by (1+r)/(1-r).
		p, q := m.GoodToBad, m.BadToGood
		bad, r := p/(p+q), 1-p-q
		linktest.Within(t, "losses", float64(countLost(lost)), n*bad,
			math.Sqrt(n*bad*(1-bad)*(1+r)/(1-r)))

		// Bursts are geometric: mean 1/q, variance (1-q)/q².
		var bursts, length, single int
		for i := 1; i < n; i++ {
			if lost[i] && !lost[i-1] {
				bursts++
				if i+1 < n && !lost[i+1] {
					single++
				}
			}
			if lost[i] {
				length++
			}
		}
		linktest.Within(t, "mean burst", float64(length)/float64(bursts), 1/q,
			math.Sqrt((1-q)/float64(bursts))/q)
		mean, sd := linktest.Binomial(bursts, q)
		linktest.Within(t, "bursts of one", float64(single), mean, sd)
	}
}

func TestGilbertElliottLosesInEitherStateItsOwnShare(t *testing.T) {
	const n = 500_000
	m := GilbertElliott{GoodToBad: 0.01, BadToGood: 0.04, LossGood: 0.02, LossBad: 0.5}
	lost := lossesOf(t, mustLink(t, Config{Loss: m}, 3), n, 1)
	// The rate is g+(b-g)·bad. Its variance is that of independent draws, plus
	// the covariance of the states: (b-g)²·bad·good·2r/(1-r).
	bad, r, spread := 0.2, 0.95, 0.48
	rate := 0.02 + spread*bad
	sd := math.Sqrt(n * (rate*(1-rate) + spread*spread*bad*(1-bad)*2*r/(1-r)))
	linktest.Within(t, "losses", float64(countLost(lost)), n*rate, sd)
}

func TestAnyLossLosesWhatOneOfItsModelsLoses(t *testing.T) {
	const n = 300_000
	both := AnyLoss{Bernoulli{0.1}, Bernoulli{0.2}}
	mean, sd := linktest.Binomial(n, 1-0.9*0.8)
	linktest.Within(t, "losses", float64(countLost(lossesOf(t, mustLink(t, Config{Loss: both}, 4),
		n, 1))), mean, sd)

	// A model goes on counting while another loses.
	scripts := AnyLoss{mustScript(t, "drop 1-3"), mustScript(t, "drop 2, 5")}
	got := lossesOf(t, mustLink(t, Config{Loss: scripts}, 4), 6, 1)
	if want := []bool{true, true, true, false, true, false}; !slices.Equal(got, want) {
		t.Errorf("lost %v, not %v", got, want)
	}
}

func TestLossModelsRefuseWhatMakesNoSense(t *testing.T) {
	for _, c := range []struct {
		loss Loss
		says string
	}{
		{Bernoulli{-0.1}, "Bernoulli.P is a probability from 0 to 1, not -0.1"},
		{Bernoulli{math.NaN()}, "not NaN"},
		{Bernoulli{1.5}, "not 1.5"},
		{GilbertElliott{GoodToBad: 2, LossBad: 1},
			"GilbertElliott.GoodToBad is a probability from 0 to 1, not 2"},
		{GilbertElliott{BadToGood: -1, LossBad: 1}, "GilbertElliott.BadToGood"},
		{GilbertElliott{GoodToBad: 0.1, BadToGood: 0.1}, "GilbertElliott.LossBad is 0"},
		{GilbertElliott{LossGood: 0.5, LossBad: 0.1}, "at least LossGood (0.5)"},
		{AnyLoss{}, "AnyLoss is empty"},
		{AnyLoss{Bernoulli{0.1}, nil}, "no model at place 2"},
		{AnyLoss{Bernoulli{3}}, "Bernoulli.P"},
		{TraceLoss{}, "TraceLoss.Lost is empty"},
		{NoiseLoss{Interval: 1}, "NoiseLoss.Noise is empty"},
		{NoiseLoss{Noise: []int16{1}}, "NoiseLoss.Interval is from 1ns to 1h0m0s, not 0s"},
		{NoiseLoss{Noise: []int16{1}, Interval: 1, Offset: -1}, "Offset must not be negative"},
	} {
		if _, err := New(Config{Loss: c.loss}, 1); err == nil ||
			!strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: error %v doesn't say %q", c.loss, err, c.says)
		}
		l := mustLink(t, Config{}, 1)
		if err := l.SetLoss(c.loss); err == nil {
			t.Errorf("SetLoss takes %+v", c.loss)
		}
		if out := l.Send(0, 1); out.Drop != NotDropped {
			t.Errorf("a refused model changed the link")
		}
	}
}
