package sandbox

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
)

// FuzzEncode holds the quick writer of answers against json.Marshal.
func FuzzEncode(f *testing.F) {
	f.Add("plain", 7, true)
	f.Add("a\"b\\<script>\u2028 ☕\x00\xff", -1, false)
	f.Fuzz(func(t *testing.T, s string, n int, ok bool) {
		v := m{s: n, "list": []any{s, n, ok, nil, []m{{s: s}}, []string{s}, []any{}, []m{}, []m(nil)}, "inner": m{"x": m{}, "y": json.Number("9007199254741007")}}
		var b bytes.Buffer
		if err := encode(&b, v); err != nil {
			t.Fatal(err)
		}
		want, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var a, c any
		if json.Unmarshal(b.Bytes(), &a) != nil || json.Unmarshal(want, &c) != nil || !reflect.DeepEqual(a, c) {
			t.Errorf("%s\nwant\n%s", b.Bytes(), want)
		}
	})
}
