package rig

import "crier/multicast"

// Relinked is a network whose sockets' interface changes when a test says so.
type Relinked struct {
	multicast.Network
	// Changed tells the last socket that was opened how it stands with its interface.
	Changed func(multicast.Link)
}

// Socket opens one of the network's sockets.
func (r *Relinked) Socket(cfg multicast.SocketConfig) (multicast.Conn, error) {
	r.Changed = cfg.Changed
	return r.Network.Socket(cfg)
}
