//go:build unix

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// lock makes sure that one desk at a time works on a data folder: a second one
// would take over jobs that the first is still doing. The system lets go of the
// lock when the process ends, however it ends.
func lock(data string) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(data, "desk.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the data folder: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("another desk is running on %s; stop it first, or use PostgreSQL for several", data)
		}
		return nil, fmt.Errorf("the data folder cannot be locked: %w", err)
	}
	return func() { _ = f.Close() }, nil
}
