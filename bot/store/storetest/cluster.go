package storetest

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// errNoServer is the reason for a skipped test.
var errNoServer = errors.New("no PostgreSQL server program is installed, and DESK_TEST_POSTGRES names none")

// start starts the one cluster of this process and returns its address.
var start = sync.OnceValues(func() (string, error) {
	bin, err := programs()
	if err != nil {
		return "", err
	}
	as, own, err := servant()
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "deskpg")
	if err != nil {
		return "", err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return "", err
	}
	if err := own(dir); err != nil {
		return "", err
	}
	// No TestMain of ours stands at the end of every test program, and some are
	// killed. So a shell holds the server, and takes it down and away when the
	// pipe from this process closes, however this process ends.
	sh := exec.Command("/bin/sh", "-c", `
trap '' INT TERM
cd "$1" || exit 1
trap 'cd /; rm -rf "$1"' EXIT
"$2/initdb" -D data -U postgres -A trust -E UTF8 --locale=C --no-sync >log 2>&1 || exit 1
"$2/postgres" -D data -k "$1" -c listen_addresses= -c fsync=off -c full_page_writes=off \
	-c synchronous_commit=off -c max_connections=200 -c shared_buffers=32MB >>log 2>&1 </dev/null &
cat >/dev/null
kill -QUIT $!
wait $!
`, "sh", dir, bin)
	sh.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"}
	sh.SysProcAttr = &syscall.SysProcAttr{Credential: as, Setpgid: true}
	end, hold, err := os.Pipe()
	if err != nil {
		return "", err
	}
	held = hold
	sh.Stdin = end
	if err := sh.Start(); err != nil {
		return "", fmt.Errorf("starting PostgreSQL: %w", err)
	}
	end.Close()
	address := "postgres://postgres@/postgres?" + url.Values{"host": {dir}, "sslmode": {"disable"}}.Encode()
	return address, ready(address, filepath.Join(dir, "log"))
})

// held keeps the pipe from being collected, and so the server running.
var held *os.File //nolint:unused // it is only to be held

// programs is the folder of the server's programs.
func programs() (string, error) {
	if p, err := exec.LookPath("initdb"); err == nil {
		if p, err = filepath.EvalSymlinks(p); err == nil {
			return filepath.Dir(p), nil
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errNoServer
	}
	return filepath.Dir(found[len(found)-1]), nil
}

// servant is whom the server runs as: it refuses to be root.
func servant() (*syscall.Credential, func(path string) error, error) {
	if os.Getuid() != 0 {
		return nil, func(string) error { return nil }, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, nil, fmt.Errorf("%w: there is no user postgres to run it as", errNoServer)
	}
	uid, err1 := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	if err := errors.Join(err1, err2); err != nil {
		return nil, nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)},
		func(path string) error { return os.Chown(path, uid, gid) }, nil
}

// ready waits until the server answers.
func ready(address, log string) error {
	db, err := sql.Open("pgx", address)
	if err != nil {
		return err
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	for {
		if err = db.PingContext(ctx); err == nil {
			return nil
		}
		if ctx.Err() != nil {
			text, _ := os.ReadFile(log)
			return fmt.Errorf("PostgreSQL did not start: %w\n%s", err, bytes.TrimSpace(text))
		}
		select {
		case <-ctx.Done():
		case <-time.After(30 * time.Millisecond):
		}
	}
}
