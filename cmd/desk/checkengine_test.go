package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestCheckTellsOfEngines: an engine that keeps facts works, and the others are
// told with what to do.
func TestCheckTellsOfEngines(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Messages []struct{ Content string }
		}
		switch {
		case strings.HasPrefix(r.URL.Path, "/denied"):
			w.WriteHeader(http.StatusUnauthorized)
			return
		case json.NewDecoder(r.Body).Decode(&in) != nil || len(in.Messages) != 2:
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		content := in.Messages[1].Content
		if strings.HasPrefix(r.URL.Path, "/forgets") {
			content = `["a","b","c"]`
		}
		out, _ := json.Marshal(map[string]any{"choices": []any{map[string]any{"message": map[string]any{"content": content}, "finish_reason": "stop"}}})
		w.Write(out)
	}))
	t.Cleanup(srv.Close)
	var b strings.Builder
	for _, name := range []string{"good", "denied", "forgets"} {
		fmt.Fprintf(&b, "[[engine]]\nname = %q\nbase_url = \"%s/%s\"\nmodel = \"m-1\"\npairs = [\"de>ja\"]\nmonth_letters = 100000\nlocal = true\n", name, srv.URL, name)
	}
	o := newOperator(t, b.String())
	code, out := o.check()
	if p := part(out, "good engine"); code != 1 || !strings.Contains(p, "works") || !strings.Contains(p, "m-1") || !strings.Contains(p, "de>ja") || !strings.Contains(p, "xml ph brackets") ||
		!strings.Contains(p, "0 % of this month's budget") || !strings.Contains(p, "may see what must not leave") {
		t.Errorf("status %d\n%s", code, out)
	}
	if p := part(out, "denied engine"); !strings.Contains(p, "check DESK_ENGINE_DENIED_KEY") {
		t.Errorf("denied: %s", p)
	}
	if p := part(out, "forgets engine"); !strings.Contains(p, "changes order numbers and amounts") {
		t.Errorf("forgets: %s", p)
	}
	if !strings.Contains(out, "2 things need attention") {
		t.Error(out)
	}
}
