package cli

import (
	"errors"
	"fmt"
	"io"
	"syscall"
)

// OutputError explains a failed write to standard output, unless err is explained already.
func OutputError(err error) error {
	var told toldError
	var before closedError
	switch {
	case errors.As(err, &told):
		return told
	case errors.As(err, &before):
		return before
	case errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe):
		return toldError{fmt.Errorf("standard output was closed by its reader (%w): to "+
			"leave after so many messages, use --count", BareError(err))}
	}
	return toldError{fmt.Errorf("standard output can't be written (%w): make room there, or "+
		"write to another place", BareError(err))}
}

// toldError is an explained error.
type toldError struct{ error }

func (e toldError) Unwrap() error { return e.error }

// standardOutput is standard output with explained errors.
type standardOutput struct{ io.Writer }

func (o standardOutput) Write(p []byte) (int, error) {
	n, err := o.Writer.Write(p)
	if err != nil {
		err = OutputError(err)
	}
	return n, err
}
