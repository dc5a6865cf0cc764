package main

import (
	"context"
	"fmt"
	"time"

	"helloworld/bot/approvals"
	"helloworld/bot/store"
)

func doSlow(s *story, w []string) (err error) {
	s.slow, err = time.ParseDuration(w[0])
	return err
}

// doSettled moves the shops' clock on by what they need for anything at most: a
// feed has two states.
func doSettled(s *story, _ []string) error {
	s.behind.Add(-2 * int64(s.settle))
	return nil
}

// doWaited moves an ask back in time: what its waiting brings is due then, however
// long the story itself takes.
func doWaited(s *story, w []string) error {
	ago, err := time.ParseDuration(w[1])
	if err != nil {
		return err
	}
	return s.desk.db.Write(context.Background(), func(tx *store.Tx) error {
		n, err := tx.Exec(`UPDATE approval SET created = created - ?, until = until - ? WHERE about = ? AND state = ?`, ago.Milliseconds(), ago.Milliseconds(), "refund:"+w[0], approvals.Waiting)
		if err == nil && n != 1 {
			err = fmt.Errorf("%d asks for %s wait", n, w[0])
		}
		return err
	})
}
