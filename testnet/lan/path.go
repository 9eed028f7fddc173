package lan

import (
	"crier/testnet/link"
)

// Path is the link from one host of a [LAN] to another. It is safe for
// concurrent use; a change holds for the datagrams that are sent after it.
type Path struct {
	lan  *LAN
	link *link.Link // guarded by lan.mu
}

// SetDown cuts the path, or heals it. What is on its way still arrives.
func (p *Path) SetDown(down bool) {
	p.lan.mu.Lock()
	defer p.lan.mu.Unlock()
	p.link.SetDown(down)
}

// SetLoss is [Link.SetLoss].
func (p *Path) SetLoss(m link.Loss) error {
	p.lan.mu.Lock()
	defer p.lan.mu.Unlock()
	return p.link.SetLoss(m)
}

// SetDelay is [Link.SetDelay].
func (p *Path) SetDelay(m link.Delay) error {
	p.lan.mu.Lock()
	defer p.lan.mu.Unlock()
	return p.link.SetDelay(m)
}

// Reconfigure is [Link.Reconfigure].
func (p *Path) Reconfigure(cfg link.Config) error {
	p.lan.mu.Lock()
	defer p.lan.mu.Unlock()
	return p.link.Reconfigure(cfg)
}

// Stats returns what the path has counted.
func (p *Path) Stats() link.Stats {
	p.lan.mu.Lock()
	defer p.lan.mu.Unlock()
	return p.link.Stats()
}
