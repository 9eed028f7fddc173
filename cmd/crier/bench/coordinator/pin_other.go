//go:build !linux

package coordinator

import "errors"

// pin takes no processor alone.
func pin(int) error { return errors.New("only Linux pins a process to a processor") }

func processors() []int { return nil }
