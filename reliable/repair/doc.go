// Package repair serves NACKs out of a store.
package repair
