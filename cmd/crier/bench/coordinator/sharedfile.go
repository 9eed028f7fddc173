package coordinator

import "os"

// sharedFile makes the file of counters. Where it can, it has no name any more
// when this returns, and is handed down to the processes as a descriptor, so that
// nothing is left behind, however the benchmark ends.
func sharedFile() (f *os.File, path string, err error) {
	if f, err = os.CreateTemp(sharedDir(), "crier-bench-"); err != nil {
		return nil, "", err
	}
	if inheritedFile == "" {
		return f, f.Name(), nil
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, "", err
	}
	return f, inheritedFile, nil
}

// sharedDir returns a place in memory, if there is one: the counters change often.
func sharedDir() string {
	if st, err := os.Stat("/dev/shm"); err == nil && st.IsDir() {
		return "/dev/shm"
	}
	return ""
}
