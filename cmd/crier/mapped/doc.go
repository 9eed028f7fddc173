// Package mapped maps files into memory where the system allows it.
package mapped
