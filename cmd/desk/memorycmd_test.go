package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const theirMemory = `<tmx version="1.4"><header srclang="zh-CN"/><body>
<tu><tuv xml:lang="zh-CN"><seg>订单 #77 的盒子开了。</seg></tuv><tuv xml:lang="en"><seg>The box of order #77 is open.</seg></tuv></tu>
<tu><tuv xml:lang="zh-CN"><seg>订单 #77 没有了。</seg></tuv><tuv xml:lang="en"><seg>Order #78 is gone.</seg></tuv></tu>
<tu><tuv xml:lang="zh-CN"><seg>只有一边</seg></tuv></tu>
</body></tmx>`

// What one desk remembers can be carried to another, and no order number with it.
func TestMemoryIsCarriedInAFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	desk := func(name string) string {
		data := filepath.Join(dir, name)
		if err := os.MkdirAll(data, 0o700); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, name+".toml")
		if err := os.WriteFile(file, []byte("[desk]\ndata = '"+data+"'\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	a, b := desk("a"), desk("b")
	theirs, ours, again := filepath.Join(dir, "theirs.tmx"), filepath.Join(dir, "ours.tmx"), filepath.Join(dir, "again.tmx")
	if err := os.WriteFile(theirs, []byte(theirMemory), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		args      []string
		code      int
		out, errs string
	}{
		{[]string{"memory", "import", "--config", a, "--outgoing", theirs}, 0, "1 translations taken, 2 left out\n", "left out: line 4: has one language only\n"},
		{[]string{"memory", "export", "--config", a, ours}, 0, "1 of 1 translations written\n", ""},
		{[]string{"memory", "import", "--config", b, ours}, 0, "1 translations taken, 0 left out\n", ""},
		{[]string{"memory", "import", "--config", b, ours}, 0, "1 translations taken, 0 left out\n", ""},
		{[]string{"memory", "export", "--config", b, again}, 0, "1 of 1 translations written\n", ""},
		{[]string{"memory", "import", "--config", b, b}, 1, "", "not a translation memory: line "},
		{[]string{"memory", "import", "--config", b, filepath.Join(dir, "none.tmx")}, 2, "", "none.tmx"},
		{[]string{"memory", "export", "--config", b, filepath.Join(dir, "none", "x.tmx")}, 1, "", "none"},
	} {
		code, out, errs := deskSays(t, step.args...)
		if code != step.code || out != step.out && step.code != 2 || !strings.Contains(errs, step.errs) {
			t.Errorf("%v: status %d\n%s\n%s", step.args, code, out, errs)
		}
	}
	first, err := os.ReadFile(ours)
	if err != nil {
		t.Fatal(err)
	}
	second, err := os.ReadFile(again)
	if err != nil {
		t.Fatal(err)
	}
	tail := func(data []byte) string { _, s, _ := strings.Cut(string(data), "<body>"); return s }
	if tail(first) != tail(second) || !strings.Contains(tail(first), `The box of order <ph x="1"/> is open.`) || strings.Contains(string(first), "#77") {
		t.Errorf("the first desk wrote\n%s\nthe second\n%s", first, second)
	}
	if info, err := os.Stat(ours); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others may read it: %v, %v", info, err)
	}
}
