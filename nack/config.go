package nack

import "time"

// RequesterConfig configures a Requester. The zero value asks for what is
// missing, with the default times.
type RequesterConfig struct {
	// ID tells this subscriber's requests from others'; request numbers carry
	// its low 32 bits.
	ID uint64
	// Seed seeds the random back-off.
	Seed uint64
	// NoRecovery stops all asking: a gap ends when reordering no longer
	// explains it.
	NoRecovery bool
	// MaxWait bounds how long a gap may stay open; 0 means no bound.
	MaxWait time.Duration
	// Silence is how long requests for a gap may go unanswered before it is
	// given up; 0 means 2 s. SetBehind adds to it. What waits behind MaxAsk or the limit is not
	// asked
	// for yet, and its time has not begun.
	Silence time.Duration
	// MaxAsk bounds the frames that are asked for and not yet there; 0 means
	// 2,048.
	MaxAsk uint64
}

const (
	defaultSilence = 2 * time.Second
	// maxPatience bounds how rarely a gap is asked for, whatever the silence time: each
	// half second at least, since a closed publisher ends a second after the last NACK.
	maxPatience   = 4 * time.Second
	defaultMaxAsk = 2048
)

func (c *RequesterConfig) setDefaults() {
	if c.Silence <= 0 {
		c.Silence = defaultSilence
	}
	if c.MaxAsk == 0 {
		c.MaxAsk = defaultMaxAsk
	}
}

// Standing says how it stands with a frame that is asked for.
type Standing uint8

const (
	// Ready: it can be repeated at once.
	Ready Standing = iota
	// Stored: it must be read first.
	Stored
	// Unfit: it is too large for the network.
	Unfit
	// Absent: it is not held.
	Absent
)

// ResponderConfig configures a Responder. Zero fields mean the defaults.
type ResponderConfig struct {
	// Frames is how many frames the resend buffer holds at the most, and so how
	// many can wait for their repair in all. Required, from 1 to 2^30.
	Frames int
	// FrameSize is what one repair costs the budget, in bytes, up to 1 GiB.
	// Required.
	FrameSize int
	// Share is the part of the data rate that repairs may use; 0 means 0.5. It
	// may be up to 65,536.
	Share float64
	// Floor is the rate that each class may always use, in bytes a second; 0
	// means 16 MiB a second.
	Floor uint64
	// Burst is what may go out at once, in bytes, and at least one frame; 0
	// means 256 KiB.
	Burst uint64
	// MaxQueued bounds the frames of a class that wait for their repair, for each
	// subscriber; 0 means 4,096.
	MaxQueued uint64
	// ScanRate is how many held frames of one subscriber's NACKs are looked at in a
	// second, and four times MaxAsked at once; 0 means 262,144. An honest
	// subscriber backs off long before that.
	ScanRate uint64
	// Confirms is how many bytes of CONFIRM may go out in a second; 0 means
	// 256 KiB. Where repairs have more than 64 times as much, it is a 64th of that.
	Confirms uint64
	// MaxAsked bounds the held frames that one NACK may ask for; 0 means 4,096,
	// twice what a Requester asks for at once. The rest is refused in one step:
	// a small NACK can name all that is held, and must not cost a walk over it.
	MaxAsked uint64
	// Look, if not nil, says how it stands with a frame among those that are held; else
	// all can be repeated at once.
	Look func(seq uint64) Standing
}

const (
	defaultShare = 0.5
	// On a slow link a larger floor lets one subscriber that loses 70 % delay the others by
	// seconds.
	defaultFloor     = 16 << 20
	defaultBurst     = 256 << 10
	defaultMaxQueued = 4096
	defaultMaxAsked  = 4096
	defaultScanRate  = 1 << 18
	defaultConfirms  = 256 << 10
	maxShare         = 1 << 16
)

func (c *ResponderConfig) setDefaults() {
	c.Frames, c.FrameSize = min(max(c.Frames, 1), 1<<30), min(max(c.FrameSize, 0), 1<<30)
	if !(c.Share > 0) { // NaN as well
		c.Share = defaultShare
	}
	c.Share = min(c.Share, maxShare)
	if c.Floor == 0 {
		c.Floor = defaultFloor
	}
	if c.Burst == 0 {
		c.Burst = defaultBurst
	}
	c.Burst = max(c.Burst, uint64(c.FrameSize))
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
	if c.Confirms == 0 {
		c.Confirms = defaultConfirms
	}
}
