package main

import "testing"

// TestOwnPages: only unchanged pages of the program itself are let go of. To drop
// one that was written to would lose what was written.
func TestOwnPages(t *testing.T) {
	t.Parallel()
	const self = "/opt/desk tools/desk"
	for _, c := range []struct {
		line string
		size uintptr
	}{
		{"00400000-0111b000 r-xp 00000000 fe:00 1 " + self, 0x0111b000 - 0x00400000},
		{"0111b000-0208a000 r--p 00d1b000 fe:00 1      " + self, 0x0208a000 - 0x0111b000},
		{"0208a000-02273000 rw-p 01c8a000 fe:00 1 " + self, 0},
		{"00400000-0111b000 r-xp 00000000 fe:00 1 " + self + " (deleted)", 0},
		{"00400000-0111b000 r-xp 00000000 fe:00 1 /usr/lib/libc.so.6", 0},
		{"c000000000-c000400000 rw-p 00000000 00:00 0", 0},
		{"0111b000-00400000 r-xp 00000000 fe:00 1 " + self, 0},
		{"nonsense", 0},
		{"", 0},
	} {
		_, size, ok := ownPages(c.line, self)
		if ok != (c.size > 0) || size != c.size {
			t.Errorf("%q: %d bytes, %v", c.line, size, ok)
		}
	}
	dropPages() // and the program goes on
}
