//go:build !unix

package main

import (
	"errors"
	"os"
)

var sigterm, sighup = os.Kill, os.Kill

func makeFIFO(string) error { return errors.New("this system has none") }
