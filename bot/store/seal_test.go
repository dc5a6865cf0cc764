package store_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"helloworld/bot/store"
)

func sealer(t *testing.T, keys ...[]byte) *store.Sealer {
	t.Helper()
	s, err := store.NewSealer(keys[0], keys[1:]...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSeal(t *testing.T) {
	a, b := bytes.Repeat([]byte{1}, store.KeySize), bytes.Repeat([]byte{2}, store.KeySize)
	s := sealer(t, a)
	secret := []byte("shpat_secret")
	sealed, err := s.Seal(secret, "shop/1")
	if err != nil {
		t.Fatal(err)
	}
	again, _ := s.Seal(secret, "shop/1")
	if bytes.Equal(sealed, again) || bytes.Contains(sealed, secret) {
		t.Error("what is sealed can be recognised")
	}
	if got, err := s.Open(sealed, "shop/1"); err != nil || !bytes.Equal(got, secret) {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := s.Open(sealed, "shop/2"); !errors.Is(err, store.ErrBroken) {
		t.Errorf("moved: %v", err)
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, err := s.Open(bad, "shop/1"); err == nil {
			t.Errorf("byte %d was changed and nobody noticed", i)
		}
		if _, err := s.Open(sealed[:i], "shop/1"); err == nil {
			t.Errorf("cut to %d bytes and nobody noticed", i)
		}
	}
	// A new key, with the old one still at hand, and then without it.
	both := sealer(t, b, a)
	if got, err := both.Open(sealed, "shop/1"); err != nil || !bytes.Equal(got, secret) || !both.Stale(sealed) {
		t.Errorf("after the change of keys: %q, %v", got, err)
	}
	fresh, _ := both.Seal(secret, "shop/1")
	if both.Stale(fresh) || !both.Stale(nil) {
		t.Error("Stale is wrong")
	}
	if _, err := sealer(t, b).Open(sealed, "shop/1"); !errors.Is(err, store.ErrOtherKey) {
		t.Errorf("another key: %v", err)
	}
	if _, err := store.NewSealer([]byte("short")); err == nil {
		t.Error("a short key was taken")
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(verb, s); got != "•••" {
			t.Errorf("%s prints %s", verb, got)
		}
	}
}

func TestLoadKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "key")
	var wg sync.WaitGroup
	keys := make([][]byte, 8)
	for i := range keys {
		wg.Go(func() {
			var err error
			if keys[i], err = store.LoadKey("", path); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, k := range keys {
		if len(k) != store.KeySize || !bytes.Equal(k, keys[0]) {
			t.Error("starts at the same time got different keys")
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	left, _ := os.ReadDir(filepath.Dir(path))
	if len(left) != 1 {
		t.Errorf("%v", left)
	}
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		key := bytes.Repeat([]byte{0xfb}, store.KeySize)
		if got, err := store.LoadKey(" "+enc.EncodeToString(key)+"\n", path); err != nil || !bytes.Equal(got, key) {
			t.Errorf("from the environment: %v", err)
		}
	}
	const wrong = "bm90IGxvbmcgZW5vdWdo"
	if _, err := store.LoadKey(wrong, path); err == nil || strings.Contains(err.Error(), wrong) {
		t.Errorf("%v", err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := store.LoadKey("", path); err == nil || !strings.Contains(err.Error(), "0600") {
		t.Errorf("a key that others can read: %v", err)
	}
}

func FuzzOpen(f *testing.F) {
	s, err := store.NewSealer(make([]byte, store.KeySize))
	if err != nil {
		f.Fatal(err)
	}
	good, _ := s.Seal([]byte("x"), "a")
	f.Add(good)
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, sealed []byte) {
		if _, err := s.Open(sealed, "b"); err == nil {
			t.Error("it was opened")
		}
	})
}
