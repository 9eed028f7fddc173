package publisher

import "crier/reliable/journal"

// WithFiles returns the configuration with each file on disk wrapped.
func (c Config) WithFiles(wrap func(journal.File) journal.File) Config {
	c.wrap = wrap
	return c
}
