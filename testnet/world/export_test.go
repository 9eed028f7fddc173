package world

// OversleptBoth reports whether both a write and a disk job ended while the process was
// paused.
func (p *Publisher) OversleptBoth() bool { return p.asleep.sent && p.asleep.disk != nil }
