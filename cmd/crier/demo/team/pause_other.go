//go:build !unix

package team

// canPause says that processes can't be paused here.
const canPause = false

func pause(int) error { return nil }

func wake(int) error { return nil }
