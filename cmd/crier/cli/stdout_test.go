package cli

import (
	"errors"
	"io"
	"strings"
	"testing"
)

func TestOutputError(t *testing.T) {
	if err := OutputError(io.ErrClosedPipe); !strings.Contains(err.Error(),
		"closed by its reader") {
		t.Error(err)
	}
	if err := OutputError(errors.New("the printer is on fire")); !strings.Contains(err.Error(),
		"on fire") {
		t.Error(err)
	}
}
