//go:build !linux

package soak

import "errors"

// queries would hear queries.
type queries struct{}

func listen(string, bool) (*queries, error) {
	return nil, errors.New("queries are only heard on Linux")
}

func (*queries) heard() []Querier { return nil }

func (*queries) close() {}
