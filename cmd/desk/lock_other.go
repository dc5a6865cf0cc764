//go:build !unix

package main

// lock is not to be had here; SQLite's own locks keep the data whole.
func lock(string) (unlock func(), err error) { return func() {}, nil }
