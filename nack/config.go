package nack

import (
	"time"

	"crier/reliable/config"
)

// Recovery configures for how long missing frames are asked for. Each field's zero value
// means its default.
type Recovery struct {
	// Off disables all requests. A gap ends when reordering no longer explains it.
	Off bool
	// MaxWait bounds how long a gap may stay open and hold back the messages behind it; 0
	// means no bound.
	MaxWait time.Duration
	// Silence is how long requests for a gap may go unanswered before the gap is given
	// up, and how long a publisher may be quiet before its session is silent; 0 means 2 s.
	// Five of the heartbeat intervals that the publisher announces are waited for in any
	// case: 0.5 s while it sends, up to 2 s when it doesn't.
	Silence time.Duration
}

// Complete checks the times and fills in the defaults.
func (c Recovery) Complete() (Recovery, error) {
	switch {
	case c.MaxWait < 0:
		return c, config.Errorf("Recovery.MaxWait", "a max wait of %v is negative", c.MaxWait)
	case c.Silence < 0:
		return c, config.Errorf("Recovery.Silence", "a silence time of %v is negative", c.Silence)
	}
	c.setDefaults()
	return c, nil
}

func (c *Recovery) setDefaults() {
	if c.Silence <= 0 {
		c.Silence = defaultSilence
	}
}

// RequesterConfig configures a Requester. The zero value asks for missing frames with the
// default times.
type RequesterConfig struct {
	// ID tells this subscriber's requests from those of others. Request numbers carry its
	// low 32 bits.
	ID uint64
	// Seed seeds the random back-off.
	Seed uint64
	// Recovery bounds the life of a gap. SetBehind adds to its silence time. The time of a
	// gap that waits behind MaxAsk or the limit has not begun.
	Recovery Recovery
	// MaxAsk bounds the number of frames that are asked for and have not arrived; 0 means
	// 2,048.
	MaxAsk uint64
}

const (
	defaultSilence = 2 * time.Second
	// maxPatience bounds the interval between requests for a gap, whatever the silence
	// time is. A closed publisher ends a second after the last NACK, so a gap is asked
	// for at least every half second.
	maxPatience   = 4 * time.Second
	defaultMaxAsk = 2048
)

func (c *RequesterConfig) setDefaults() {
	c.Recovery.setDefaults()
	if c.MaxAsk == 0 {
		c.MaxAsk = defaultMaxAsk
	}
}

// A Standing is the state of a frame that is asked for.
type Standing uint8

const (
	// Ready means that the frame can be repeated at once.
	Ready Standing = iota
	// Stored means that the frame must be read first.
	Stored
	// Unfit means that the frame is too large for the network.
	Unfit
	// Absent means that the frame is not held.
	Absent
)

// ResponderConfig configures a Responder. Zero fields mean the defaults.
type ResponderConfig struct {
	// Frames is the capacity of the resend buffer in frames, and so the number of frames
	// that can wait for their repair in all. Required, from 1 to 2^30.
	Frames int
	// FrameSize is the cost of one repair in bytes, up to 1 GiB. Required.
	FrameSize int
	// Budget bounds the bytes of repairs and CONFIRMs; nil means a Budget of its own.
	Budget *Budget
	// MaxQueued bounds the frames of a class that wait for their repair, for each
	// subscriber; 0 means 4,096.
	MaxQueued uint64
	// ScanRate bounds the held frames of one subscriber's NACKs that are looked at, in
	// frames a second, with a burst of four times MaxAsked; 0 means 262,144. An honest
	// subscriber backs off long before that.
	ScanRate uint64
	// MaxAsked bounds the held frames that one NACK may ask for; 0 means 4,096, twice as
	// many as a Requester asks for at once. The rest is refused in one step: a small NACK
	// can name all frames that are held, and must not cost a walk over them.
	MaxAsked uint64
	// Look returns the standing of a frame within the range that is held. If it is nil,
	// all such frames are Ready.
	Look func(seq uint64) Standing
}

const (
	defaultMaxQueued = 4096
	defaultMaxAsked  = 4096
	defaultScanRate  = 1 << 18
)

func (c *ResponderConfig) setDefaults() {
	c.Frames, c.FrameSize = min(max(c.Frames, 1), 1<<30), min(max(c.FrameSize, 0), 1<<30)
	if c.Budget == nil {
		c.Budget = NewBudget(BudgetConfig{})
	}
	if c.MaxQueued == 0 {
		c.MaxQueued = defaultMaxQueued
	}
	if c.MaxAsked == 0 {
		c.MaxAsked = defaultMaxAsked
	}
	c.MaxAsked = min(c.MaxAsked, 1<<30)
	if c.ScanRate == 0 {
		c.ScanRate = defaultScanRate
	}
}
