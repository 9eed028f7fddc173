package job

import (
	"errors"
	"runtime"
)

// HasBare reports whether bare sockets are measured on this system.
const HasBare = runtime.GOOS == "linux"

// ErrNoBare is the answer of other systems.
var ErrNoBare = errors.New("bare sockets are measured on Linux only")
