package main

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// dropPages lets go of the pages of the program's own file, most of which only
// the start touched. They are unchanged copies of what is on disk: those that
// are needed again are mapped again, mostly from the system's cache.
func dropPages() {
	self, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return
	}
	for line := range bytes.Lines(maps) {
		from, size, ok := ownPages(string(line), self)
		if ok {
			// Refused, it only costs memory.
			_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, from, size, syscall.MADV_DONTNEED)
		}
	}
}

// ownPages reads a line of /proc/self/maps. It is true for pages of the file
// self that nobody may write to, and so nobody has changed.
func ownPages(line, self string) (from, size uintptr, ok bool) {
	f := strings.Fields(line)
	if len(f) < 6 || f[1] != "r-xp" && f[1] != "r--p" || strings.Join(f[5:], " ") != self {
		return 0, 0, false
	}
	a, b, _ := strings.Cut(f[0], "-")
	lo, err1 := strconv.ParseUint(a, 16, 64)
	hi, err2 := strconv.ParseUint(b, 16, 64)
	if err1 != nil || err2 != nil || hi <= lo {
		return 0, 0, false
	}
	return uintptr(lo), uintptr(hi - lo), true
}
