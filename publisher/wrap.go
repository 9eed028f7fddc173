package publisher

import "crier/reliable/journal"

// wrapped is a directory whose files a test has wrapped.
type wrapped struct {
	journal.Dir
	wrap func(journal.File) journal.File
}

// wrapped returns the directory as the configuration of a test has it.
func (c *Config) wrapped(dir journal.Dir) journal.Dir {
	if c.wrap == nil {
		return dir
	}
	return wrapped{dir, c.wrap}
}

func (w wrapped) Create(name string) (journal.File, error) {
	f, err := w.Dir.Create(name)
	if err != nil {
		return nil, err
	}
	return w.wrap(f), nil
}

func (w wrapped) Open(name string) (journal.File, error) {
	f, err := w.Dir.Open(name)
	if err != nil {
		return nil, err
	}
	return w.wrap(f), nil
}
