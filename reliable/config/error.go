// Package config has the error about a configuration, which names its field.
package config

import "fmt"

// Error is an error about one field of a configuration. Commands and scenario files, which
// have other names for the fields, replace the name by theirs.
type Error struct {
	// Field is the field's path, such as "Retention.ResendBuffer", or the name of the part
	// that it stands for, such as "interface".
	Field string
	// Value is the given value, where Reason goes on from it.
	Value string
	// Reason names the mistake, and a remedy.
	Reason string
}

// Errorf returns an Error without a value.
func Errorf(field, format string, args ...any) error {
	return &Error{Field: field, Reason: fmt.Sprintf(format, args...)}
}

func (e *Error) Error() string { return e.Named(e.Field) }

// Named returns the error with another name for the field.
func (e *Error) Named(field string) string {
	if e.Value == "" {
		return field + ": " + e.Reason
	}
	return field + " " + e.Value + " " + e.Reason
}
