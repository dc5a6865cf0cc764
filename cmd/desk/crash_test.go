package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"helloworld/bot/store"
	"helloworld/bot/store/storetest"
)

// The crash rig. Processes: this test, which plays the people; the sandbox
// (shops, mail, both chats), which is never killed and keeps the ledgers; and the
// desk, which is killed at random moments and started again at once, while
// people ask, approve, answer and press. In the end the other process's ledgers
// are compared with what people did. A quarter of the kills are on SQLite, where
// there is one desk; the others hit three replicas on one PostgreSQL.
//
//	DESK_CRASH_KILLS  how often the desk is killed; a small sample without it
//	DESK_CRASH_SEED   decides the moments; printed, so that a run can be repeated
//	DESK_CRASH_DIR    folder to keep the desk's data and log in

// roleVar tells a copy of the test program which process to be.
const roleVar = "DESK_CRASH_ROLE"

// TestCrashChild is no test: it is how the rig's other processes are started
// from this program.
func TestCrashChild(t *testing.T) {
	if os.Getenv(roleVar) == "" {
		t.Skip("only the crash rig starts this")
	}
	go func() { // whoever started this has gone: so do we
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(3)
	}()
	args := []string{"serve", "--config", os.Getenv("DESK_CRASH_CONFIG")}
	if os.Getenv(roleVar) == "sandbox" {
		args = []string{"sandbox", "--listen", "127.0.0.1:0", "--slack", "127.0.0.1:0", "--telegram", "127.0.0.1:0",
			"--orders", "12", "--no-limits", "--settle", "1s", "--lag", "40ms"}
	}
	ctx, stop := interrupted()
	defer stop()
	os.Exit(run(ctx, args, os.Getenv, os.Stdin, os.Stdout, os.Stderr))
}

func TestCrash(t *testing.T) {
	if testing.Short() {
		t.Skip("the crash rig takes its time")
	}
	kills := 6
	if s := os.Getenv("DESK_CRASH_KILLS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 {
			t.Fatalf("DESK_CRASH_KILLS=%q is not a number", s)
		}
		kills = n
	}
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("DESK_CRASH_SEED"); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatalf("DESK_CRASH_SEED=%q is not a number", s)
		}
		seed = n
	}
	// A quarter of the kills on the default installation: one process, one file.
	alone := (kills + 3) / 4
	// Beside each other, since both wait a good deal at the end.
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		crash(t, "", 1, alone, seed)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		url := crashDatabase(t, kills-alone)
		crash(t, url, 3, kills-alone, seed)
	})
}

// crashDatabase makes the database of the replicas.
func crashDatabase(t *testing.T, kills int) string {
	t.Helper()
	defer func() {
		if t.Skipped() {
			t.Logf("NOT DONE: %d kills over three replicas, which want PostgreSQL; those on SQLite were done", kills)
		}
	}()
	return storetest.PostgresURL(t)
}

func crash(t *testing.T, url string, replicas, kills int, seed uint64) {
	dir := os.Getenv("DESK_CRASH_DIR")
	if dir == "" {
		dir = t.TempDir()
	} else if dir = filepath.Join(dir, filepath.Base(t.Name())); os.MkdirAll(dir, 0o700) != nil {
		t.Fatalf("the folder %s cannot be made", dir)
	}
	t.Logf("kills %d, replicas %d, seed %d", kills, replicas, seed)

	w := startSandbox(t, dir)
	w.furnish(t)
	d := &herd{t: t, dir: dir, url: url, rng: rand.New(rand.NewPCG(seed, 1)), consoles: map[int]string{}}
	for n := range replicas {
		d.all = append(d.all, &replica{n: n, config: w.writeConfig(t, filepath.Join(dir, fmt.Sprint(n)))})
	}
	d.env = w.env
	if url != "" {
		// Replicas share nothing but the database, and the key that seals what is in it.
		d.env = append(d.env, "DESK_DATABASE="+url, "DESK_KEY="+base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, store.KeySize)))
	}
	t.Cleanup(d.killAll)
	p := newPeople(t, w, d)

	began := time.Now()
	all, end := context.WithTimeout(t.Context(), time.Minute+time.Duration(kills)*8*time.Second+8*time.Minute)
	defer end()
	open, shut := context.WithCancel(all) // while it is open, new journeys begin
	defer shut()
	go p.watch(all)
	d.startAll() // on an empty database, at the same time
	d.readyAll(all)
	p.warm(all)
	var journeys sync.WaitGroup
	p.begin(all, open, &journeys)
	d.torment(all, kills)
	shut()
	t.Logf("%d kills in %s; letting everything come to rest", d.kills, time.Since(began).Round(time.Second))
	d.startAll()
	d.readyAll(all)
	rest, cancel := context.WithTimeout(all, 6*time.Minute)
	defer cancel()
	p.finish(rest, &journeys)
	p.settle(rest, d)
	d.stop()
	c := p.count(d)
	c.print(t, d, time.Since(began))
	if t.Failed() {
		keep := filepath.Join(os.TempDir(), fmt.Sprintf("desk-crash-%d-%s.log", os.Getpid(), filepath.Base(t.Name())))
		if b := d.logs(); os.WriteFile(keep, b, 0o600) == nil {
			t.Logf("the desk's log is kept in %s", keep)
		}
	}
}
