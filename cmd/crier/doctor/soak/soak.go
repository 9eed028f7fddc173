package soak

import (
	"context"
	"fmt"
	"time"

	"crier/cmd/crier/check"
	"crier/cmd/crier/cli"
	"crier/cmd/crier/doctor/echo"
	"crier/multicast"
)

// Config configures a soak.
type Config struct {
	echo.Config
	// Lasting is how long to soak, and Every the time between two exchanges; 0 means a
	// second, or a hundredth of Lasting if that is less.
	Lasting, Every time.Duration
}

// outcome is the result of a soak.
type outcome struct {
	cfg       Config
	began     time.Time
	lasted    time.Duration
	other     string // the other host's name; "" without one
	unicast   track
	to, from  track
	senders   echo.Senders
	queriers  []Querier
	rawErr    error // why queries weren't heard
	early     error
	iface     string
	afterward []check.Check
}

// track follows something that should go on.
type track struct {
	tries, heard int
	missed       int       // in a row
	first, last  time.Time // that was heard
	back         int       // times that it came back
	gone         bool
	lostAt       time.Duration // since the soak began: the last heard before it was gone
}

// maxMissed is how many exchanges in a row may be missed, and patience how long that takes at
// least: a host that is busy is none that has gone.
const (
	maxMissed = 5
	patience  = time.Second
)

// add counts a try.
func (t *track) add(heard bool, now, began time.Time) {
	t.tries++
	if !heard {
		t.missed++
		if t.heard > 0 && !t.gone && t.missed >= maxMissed && now.Sub(t.last) >= patience {
			t.gone, t.lostAt = true, t.last.Sub(began)
		}
		return
	}
	t.missed = 0
	if t.gone {
		t.gone = false
		t.back++
	}
	if t.heard == 0 {
		t.first = now
	}
	t.heard++
	t.last = now
}

// Run soaks, with the other host that cfg.To names, or alone if there is none. It ends early
// with the context, and judges the result by then.
func Run(ctx context.Context, cfg Config) ([]check.Check, error) {
	if cfg.Every == 0 {
		cfg.Every = min(time.Second, cfg.Lasting/100)
	}
	if cfg.Progress == nil {
		cfg.Progress = func(string) {}
	}
	ifi, err := multicast.ResolveInterface(cfg.Interface)
	if err != nil {
		return nil, err
	}
	o := &outcome{cfg: cfg, began: time.Now(), iface: ifi.Name}
	heard, err := listen(ifi.Name, cfg.Group.Addr().Is4())
	if err != nil {
		o.rawErr = err
	} else {
		defer heard.close()
	}
	if cfg.To.IsValid() {
		err = o.withHost(ctx)
	} else {
		err = o.alone(ctx)
	}
	if err != nil {
		return nil, err
	}
	o.lasted = time.Since(o.began)
	if o.rawErr == nil {
		o.queriers = heard.heard()
	}
	return o.judge(), nil
}

// withHost exchanges datagrams with another host.
func (o *outcome) withHost(ctx context.Context) error {
	line, bad, err := echo.Dial(ctx, o.cfg.Config)
	if err != nil && ctx.Err() == nil {
		return err
	}
	if line == nil {
		o.afterward = bad
		return nil
	}
	defer line.Close()
	o.other = line.Name()
	o.each(ctx, func() {
		b, err := line.Beat(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			o.early = err
			return
		}
		now := time.Now()
		before := o.to.gone || o.from.gone
		o.unicast.add(b.Unicast, now, o.began)
		if b.Unicast { // else it isn't the group's fault
			o.to.add(b.To, now, o.began)
			o.from.add(b.From, now, o.began)
		}
		if after := o.to.gone || o.from.gone; after != before {
			what := "the group is heard again"
			if after {
				what = "the group isn't heard any more"
			}
			o.cfg.Progress(fmt.Sprintf("after %s %s", cli.Duration(now.Sub(o.began)), what))
		}
	})
	o.senders = line.Senders()
	return nil
}

// alone hears other senders in the group.
func (o *outcome) alone(ctx context.Context) error {
	l, err := echo.Hear(o.cfg.Place)
	if err != nil {
		return err
	}
	defer l.Close()
	o.each(ctx, func() {})
	o.senders = l.Senders()
	return nil
}

// each calls f at each time of an exchange.
func (o *outcome) each(ctx context.Context, f func()) {
	end := time.NewTimer(o.cfg.Lasting)
	defer end.Stop()
	tick := time.NewTicker(o.cfg.Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-end.C:
			return
		case <-tick.C:
			if f(); o.early != nil {
				return
			}
		}
	}
}
