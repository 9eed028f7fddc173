package publisher

// DiskFile is the file of a segment of the disk part.
type DiskFile = diskFile

// WithFiles returns the configuration with files of a test's own on disk.
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
