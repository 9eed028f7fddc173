// Package store keeps sealed frames, so that they can be repeated.
package store
