package cli

import (
	"errors"
	"fmt"
	"io/fs"
)

// Exit codes.
const (
	ExitOK    = 0 // the end was seen, and nothing is missing
	ExitError = 1 // anything that is none of the others
	ExitUsage = 2 // the command's words or values are wrong
	ExitLost  = 3 // something is missing, or may be: the end was not seen
)

// usageError is an error in the command's words: exit code 2.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }

func (e usageError) Unwrap() error { return e.err }

// Usage makes err an error in the command's words.
func Usage(err error) error { return usageError{err} }

// Usagef is Usage of an error that it formats.
func Usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// BareError takes the operation and path off an error, since the sentence has them.
func BareError(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
