package publisher

// DiskFile is the file of a segment of the disk part.
type DiskFile = diskFile

// WithFiles returns the configuration with each file on disk wrapped.
func (c Config) WithFiles(wrap func(DiskFile) DiskFile) Config {
	c.openFile = func(path string) (diskFile, error) {
		file, err := openFile(path)
		if err != nil {
			return nil, err
		}
		return wrap(file), nil
	}
	return c
}
