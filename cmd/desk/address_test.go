package main

import (
	"fmt"
	"net"
	"os"
	"sync/atomic"
)

// The system gives ports from 32768 on to whoever asks for any, and that is every
// connection that is made. Those of a desk that is started again on the same
// address come from below, where nobody takes them in between.
const (
	quietFrom = 18000
	quietTo   = 32000
)

var quietNext atomic.Int64

// quietAddress is an address that stays free until somebody of this process
// listens on it.
func quietAddress() string {
	begin := os.Getpid() * 97
	for range quietTo - quietFrom {
		port := quietFrom + (begin+int(quietNext.Add(1)))%(quietTo-quietFrom)
		addr := fmt.Sprintf("127.0.0.1:%d", port)
		if l, err := net.Listen("tcp", addr); err == nil {
			_ = l.Close()
			return addr
		}
	}
	return "127.0.0.1:0"
}
