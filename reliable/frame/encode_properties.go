package frame

import (
	"net/netip"
)

// properties writes a map that is encoded already, or what p has.
func (e *Encoder) properties(encoded []byte, p *properties) {
	if len(encoded) > 0 {
		_, _ = e.w.Write(encoded)
		return
	}
	var controls []netip.AddrPort
	if p.controls != nil {
		controls = *p.controls
	}
	var positions []Progress
	if p.positions != nil {
		positions = *p.positions
	}
	var announced []AnnouncedTeam
	if p.announced != nil {
		announced = (*p.announced)[:min(len(*p.announced), MaxAnnouncedTeams)]
	}
	n := 0
	for _, has := range [...]bool{len(p.topic) > 0, p.continues, p.replay != 0, len(p.key) > 0,
		p.log, p.at, p.proposal != 0, p.part, len(p.holder) > 0, p.groups != 0,
		len(controls) > 0, len(positions) > 0, len(p.name) > 0, len(p.host) > 0 || p.pid != 0,
		p.rates, p.members != 0, p.request != 0, p.teams != 0, len(announced) > 0} {
		if has {
			n++
		}
	}
	_ = e.enc.EncodeMapLen(n)
	e.bytesProperty(keyTopic, p.topic, MaxName)
	if l := &p.prev; p.continues {
		_ = e.enc.EncodeUint(keyPrev)
		_ = e.enc.EncodeArrayLen(7)
		e.u64s(l.Session)
		_ = e.enc.EncodeUint32(l.Channel)
		e.u64s(l.Seq, l.Offset)
		e.cut(l.Topic, MaxName)
		e.cut(l.Publisher, MaxName)
		e.cut(l.Key, MaxKey)
	}
	e.numberProperty(keyReplay, p.replay)
	e.bytesProperty(keyKey, p.key, MaxKey)
	e.pairProperty(keyLog, p.log, p.written, p.synced)
	e.pairProperty(keyAt, p.at, p.atSeq, p.atOffset)
	e.numberProperty(keyProposal, p.proposal)
	e.pairProperty(keyPart, p.part, p.from, p.to)
	e.bytesProperty(keyHolder, p.holder, MaxName)
	if p.groups != 0 {
		e.layout(p)
	}
	if len(controls) > 0 {
		_ = e.enc.EncodeUint(keyControls)
		_ = e.enc.EncodeArrayLen(len(controls))
		for _, a := range controls {
			e.address(a)
		}
	}
	if len(positions) > 0 {
		_ = e.enc.EncodeUint(keyPlaces)
		_ = e.enc.EncodeArrayLen(len(positions))
		for i := range positions {
			e.progress(&positions[i], p.log)
		}
	}
	e.bytesProperty(keyName, p.name, MaxName)
	if len(p.host) > 0 || p.pid != 0 {
		_ = e.enc.EncodeUint(keyHost)
		_ = e.enc.EncodeArrayLen(2)
		e.cut(p.host, MaxName)
		e.u64s(p.pid)
	}
	e.pairProperty(keyRates, p.rates, p.bytes, p.msgs)
	e.numberProperty(keyMembers, p.members)
	e.numberProperty(keyRequest, p.request)
	e.numberProperty(keyTeams, p.teams)
	if len(announced) > 0 {
		e.announcedTeams(announced)
	}
}

// layout writes the property layout.
func (e *Encoder) layout(p *properties) {
	_ = e.enc.EncodeUint(keyLayout)
	n := 2
	if p.channels != 0 {
		n++
	}
	_ = e.enc.EncodeArrayLen(n)
	_ = e.enc.EncodeUint32(p.groups)
	e.address(p.base)
	if p.channels != 0 {
		_ = e.enc.EncodeUint32(p.channels)
	}
}

// progress writes a subscriber's place in a channel.
func (e *Encoder) progress(p *Progress, log bool) {
	n := 2
	if log {
		n = 4
	}
	_ = e.enc.EncodeArrayLen(n)
	_ = e.enc.EncodeUint(uint64(p.Channel))
	_ = e.enc.EncodeUint(p.Position)
	if log {
		_ = e.enc.EncodeUint(p.Written)
		_ = e.enc.EncodeUint(p.Synced)
	}
}

func (e *Encoder) numberProperty(key, n uint64) {
	if n != 0 {
		_ = e.enc.EncodeUint(key)
		e.u64s(n)
	}
}

func (e *Encoder) bytesProperty(key uint64, b []byte, limit int) {
	if len(b) > 0 {
		_ = e.enc.EncodeUint(key)
		e.cut(b, limit)
	}
}

func (e *Encoder) pairProperty(key uint64, has bool, a, b uint64) {
	if has {
		_ = e.enc.EncodeUint(key)
		_ = e.enc.EncodeArrayLen(2)
		e.u64s(a, b)
	}
}

// cut writes a bin of at most limit bytes.
func (e *Encoder) cut(b []byte, limit int) { e.bin(b[:min(len(b), limit)]) }
