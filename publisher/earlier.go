package publisher

import (
	"net/netip"

	"crier/subscriber/recorder"
)

// earlier serves the sessions that the Publisher's log had in it when it was opened: those of
// publishers that are gone. It is nil if there is none.
type earlier struct{ *recorder.Recorder }

// serveEarlier starts to serve, if there is something to serve. The Publisher goes on without
// if that fails.
func (p *Publisher) serveEarlier() {
	if p.disk == nil || !p.disk.kept.record || len(p.disk.kept.States()) == 0 {
		return
	}
	cfg := &p.cfg
	link := cfg.Link
	link.ControlPort = 0 // the publisher's own
	r, err := recorder.New(recorder.Config{
		Groups: []netip.AddrPort{cfg.Group}, Interface: cfg.Interface, Name: cfg.Name,
		Link: link, Logger: cfg.Logger, Tail: earlierTail,
		Disk: p.disk.kept.Disk, Except: []SessionID{cfg.Session},
	})
	if err != nil {
		cfg.Logger.Warn("crier: the earlier sessions in the publisher's log can't be served",
			"directory", cfg.Record.Dir, "error", err)
		return
	}
	p.earlier = earlier{r}
}

// earlierTail is the memory for what is read, in bytes.
const earlierTail = 4 << 20

// close ends the service.
func (e earlier) close() {
	if e.Recorder != nil {
		_ = e.Recorder.Close()
	}
}
