//go:build !linux

package main

// dropPages does nothing here: only Linux tells which pages are whose.
func dropPages() {}
