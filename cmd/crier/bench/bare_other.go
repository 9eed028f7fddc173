//go:build !linux

package bench

import (
	"net/netip"
	"time"
)

// bareSocket is something that is measured on Linux only.
type bareSocket struct{}

func openBare(netip.AddrPort, string, string, bool) (*bareSocket, error) { return nil, errNoBare }

func (s *bareSocket) read([]byte, func() bool) (int, error) { return 0, errNoBare }
func (s *bareSocket) write([]byte) error                    { return errNoBare }
func (s *bareSocket) patience(time.Duration) error          { return nil }
func (s *bareSocket) settle()                               {}
func (s *bareSocket) interrupt() error                      { return nil }
func (s *bareSocket) close() error                          { return nil }

const hasBare = false
