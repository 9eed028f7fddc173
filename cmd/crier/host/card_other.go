//go:build !linux

package host

// CardOf returns what an interface's card can do.
func CardOf(string) (Card, error) { return Card{}, ErrNotReadable }

// Bridges lists the bridges.
func Bridges() ([]Bridge, error) { return nil, ErrNotReadable }
