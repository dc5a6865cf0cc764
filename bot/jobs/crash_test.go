package jobs_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	process "os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"helloworld/bot/jobs"
	"helloworld/bot/store"
	"helloworld/bot/store/storetest"
)

// crashEnv has this test program play the desk that is going to be killed.
const crashEnv = "JOBS_TEST_CRASH_DATABASE"

// crashChild adds jobs until it is killed, and prints the number of each once
// the database has confirmed it. It works on them at the same time.
func crashChild() bool {
	url := os.Getenv(crashEnv)
	if url == "" {
		return false
	}
	if err := crashing(url); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return true
}

func crashing(url string) error {
	ctx := context.Background()
	db, err := store.Open(ctx, url, store.Options{})
	if err != nil {
		return err
	}
	e := crashEngine(db)
	go e.Run(ctx) // it is killed
	base, err := strconv.Atoi(os.Getenv("JOBS_TEST_CRASH_FROM"))
	if err != nil {
		return err
	}
	var out sync.Mutex
	var wg sync.WaitGroup
	for k := range 8 {
		wg.Go(func() {
			for i := k; ; i += 8 {
				n := base + i
				err := db.Write(ctx, func(tx *store.Tx) error {
					if _, err := tx.Exec(`INSERT INTO asked (n) VALUES (?)`, n); err != nil {
						return err
					}
					return jobs.Add(tx, work{N: n}, jobs.Order(fmt.Sprint(n%5)))
				})
				if err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				out.Lock()
				fmt.Println(n)
				out.Unlock()
			}
		})
	}
	wg.Wait()
	return nil
}

// crashEngine does a job in the way the desk pays: what it writes and its end
// are one.
func crashEngine(db *store.DB) *jobs.Engine {
	e := jobs.New(db, jobs.Options{Poll: 20 * time.Millisecond, Lease: time.Second, Lanes: map[string]int{"pay": 6}})
	jobs.Handle(e, "pay", func(ctx context.Context, j jobs.Job[work]) error {
		return db.Write(ctx, func(tx *store.Tx) error {
			if _, err := tx.Exec(`INSERT INTO paid (n, at) VALUES (?, ?)`, j.Args.N, j.ID); err != nil {
				return err
			}
			return j.Done(tx)
		})
	})
	return e
}

// Killed again and again in the middle of it, the desk loses nothing that it
// has acknowledged, and does nothing twice.
func TestKilled(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { killed(t, filepath.Join(t.TempDir(), "desk.db"), 20) })
	t.Run("postgres", func(t *testing.T) { killed(t, storetest.PostgresURL(t), 6) })
}

func killed(t *testing.T, url string, rounds int) {
	db, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}

	exec(t, db, `CREATE TABLE asked (n BIGINT NOT NULL)`)
	exec(t, db, `CREATE TABLE paid (n BIGINT NOT NULL, at BIGINT NOT NULL)`)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	acknowledged := map[int]bool{}
	for round := range rounds {
		for _, n := range killOnce(t, url, round*1_000_000) {
			acknowledged[n] = true
		}
	}
	if len(acknowledged) < 10*rounds {
		t.Errorf("only %d jobs were acknowledged: the rig proves nothing", len(acknowledged))
	}

	db = storetest.Open(t, url, store.Options{})
	e := crashEngine(db)
	run(t, e)
	// There may be very many left, and a machine may be slow: as long as they become
	// fewer it is waited for.
	for left := (jobs.Counts{Ready: -1}); left != (jobs.Counts{}); {
		was := left
		waitFor(t, "the rest to become less", func() bool { left = counts(t, e); return left != was })
		if left.Dead > 0 {
			t.Fatalf("a job died: %+v", left)
		}
	}
	paid := map[int]int{}
	asked := map[int]bool{}
	last := map[int]int64{}
	err = db.Read(t.Context(), func(tx *store.Tx) error {
		rows, err := tx.Query(`SELECT n FROM asked`)
		if err != nil {
			return err
		}
		for rows.Next() {
			var n int
			if err := rows.Scan(&n); err != nil {
				return err
			}
			asked[n] = true
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return err
		}
		rows, err = tx.Query(`SELECT n, at FROM paid`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var n int
			var at int64
			if err := rows.Scan(&n, &at); err != nil {
				return err
			}
			paid[n]++
			last[n] = at
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	for n := range acknowledged {
		if !asked[n] {
			t.Errorf("%d was acknowledged and is lost", n)
		}
	}
	for n := range asked {
		if paid[n] != 1 {
			t.Errorf("%d was paid %d times", n, paid[n])
		}
	}
	if len(paid) != len(asked) {
		t.Errorf("%d asked, %d paid", len(asked), len(paid))
	}
	t.Logf("%d kills: %d acknowledged, %d written, %d paid once", rounds, len(acknowledged), len(asked), len(paid))
}

// killOnce runs a desk, kills it in the middle, and returns what it had
// acknowledged.
func killOnce(t *testing.T, url string, from int) (got []int) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := process.Command(self)
	cmd.Env = append(os.Environ(), crashEnv+"="+url, fmt.Sprint("JOBS_TEST_CRASH_FROM=", from))
	var complaints strings.Builder
	cmd.Stderr = &complaints
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(pipe)
	enough := 10 + rand.IntN(150)
	killed := false
	for lines.Scan() {
		n, err := strconv.Atoi(lines.Text())
		if err != nil {
			break // a line cut off by the kill
		}
		got = append(got, n)
		if len(got) >= enough && !killed {
			killed = true
			cmd.Process.Kill() // Wait tells
		}
	}
	cmd.Wait() // it was killed
	if !killed {
		t.Fatalf("the desk ended by itself: %s", complaints.String())
	}
	return got
}
