//go:build !linux && !darwin && !freebsd && !dragonfly && !windows

package files

import "errors"

func free(string) (int64, error) { return 0, errors.ErrUnsupported }
