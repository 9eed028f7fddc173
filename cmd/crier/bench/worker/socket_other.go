//go:build !linux

package worker

import (
	"net/netip"
	"time"

	"crier/cmd/crier/bench/job"
)

// bareSocket stands for a socket that is measured on Linux only.
type bareSocket struct{}

func openBare(netip.AddrPort, string, string,
	bool) (*bareSocket, error) {
	return nil, job.ErrNoBare
}

func (s *bareSocket) read([]byte, func() bool) (int, error) { return 0, job.ErrNoBare }
func (s *bareSocket) write([]byte) error                    { return job.ErrNoBare }
func (s *bareSocket) patience(time.Duration) error          { return nil }
func (s *bareSocket) settle()                               {}
func (s *bareSocket) interrupt() error                      { return nil }
func (s *bareSocket) close() error                          { return nil }
