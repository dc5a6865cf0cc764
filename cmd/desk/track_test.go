package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func trackRun(t *testing.T, env map[string]string, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), append([]string{"track"}, args...), func(k string) string { return env[k] }, strings.NewReader(""), &o, &e)
	return code, o.String(), e.String()
}

func TestTrackCommand(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"1Z999AA10123456784"}, 0, "1Z999AA10123456784  valid"},
		{[]string{"1Z", "999 AA1 01 2345 6784"}, 0, "check digit: good"},
		{[]string{"1Z999AA10123456785"}, 1, "one character is probably mistyped"},
		{[]string{"LP00123456789012"}, 0, "cainiao"},
		{[]string{"996578788855", "--carrier", "SF Express"}, 0, "sf "},
		{[]string{"hello-you"}, 0, "I do not know which carrier"},
	} {
		code, out, errs := trackRun(t, nil, tc.args...)
		if code != tc.code || !strings.Contains(out+errs, tc.want) {
			t.Errorf("%v: status %d\n%s%s", tc.args, code, out, errs)
		}
	}
}

// TestTrackBackup asks two services of which the first is down.
func TestTrackBackup(t *testing.T) {
	t.Parallel()
	down := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }))
	defer down.Close()
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("as-api-key") != "second" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = w.Write([]byte(`{"meta":{"code":200},"data":{"trackings":[{"tracking_number":"1Z999AA10123456784","slug":"ups","tag":"Delivered",
"checkpoints":[{"checkpoint_time":"2026-11-20T10:00:00Z","message":"Left at the door","location":"Berlin"}]}]}}`))
	}))
	defer up.Close()
	path := filepath.Join(t.TempDir(), "desk.toml")
	text := "[[tracking]]\nname = \"one\"\nkind = \"17track\"\nbase_url = \"" + down.URL + "\"\n[[tracking]]\nname = \"two\"\nkind = \"aftership\"\nbase_url = \"" + up.URL + "\"\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"DESK_TRACKING_ONE_KEY": "first", "DESK_TRACKING_TWO_KEY": "second"}
	code, out, errs := trackRun(t, env, "1Z999AA10123456784", "--config", path)
	if code != 0 || !strings.Contains(out, "Answered by the backup, aftership: 17track cannot be reached.") || !strings.Contains(out, "Left at the door") {
		t.Errorf("status %d\n%s%s", code, out, errs)
	}
}
