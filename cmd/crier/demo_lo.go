package main

import (
	"context"
	"errors"
	"io"
)

func demoLo(context.Context, *demoPlan, io.Writer) (*demoResult, error) {
	return nil, errors.New("not yet")
}
