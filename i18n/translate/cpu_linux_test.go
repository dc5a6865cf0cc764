package translate

import (
	"syscall"
	"time"
)

// processorTime is what this process has had of the processors, collecting
// included. It hardly grows when others use the computer as well.
func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
