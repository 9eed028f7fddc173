package cli

import (
	"errors"
	"fmt"
	"io/fs"
)

// Exit codes.
const (
	ExitOK    = 0 // the end was seen, and nothing is missing
	ExitError = 1 // any other failure
	ExitUsage = 2 // wrong words or values on the command line
	ExitLost  = 3 // something is missing, or may be: the end was not seen
)

// usageError is an error on the command line. It makes the exit code ExitUsage.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }

func (e usageError) Unwrap() error { return e.err }

// Usage marks err as an error on the command line.
func Usage(err error) error { return usageError{err} }

// Usagef formats an error on the command line.
func Usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// BareError returns an error without the operation and path, for sentences that name them.
func BareError(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
