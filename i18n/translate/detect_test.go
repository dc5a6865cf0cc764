package translate

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/text/language"
)

// said is a line of a test set: a message and its language.
type said struct{ lang, text string }

func readSaid(t testing.TB, name string) (out []said) {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "detect", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		lang, text, ok := strings.Cut(s.Text(), "\t")
		if !ok {
			t.Fatalf("%s: %q", name, s.Text())
		}
		out = append(out, said{lang, text})
	}
	return out
}

// rates are what became of a test set, in parts of one.
type rates struct{ right, wrong, guess float64 }

// rate detects each message of a set; know tells what is known of its buyer.
func rate(set []said, know func(said) (site language.Tag, history []language.Tag), wrong func(said, detected)) (r rates) {
	for _, x := range set {
		site, history := know(x)
		d := detect(x.text, site, history)
		same := base(d.tag) == x.lang
		switch {
		case d.sure && same:
			r.right++
		case d.sure:
			r.wrong++
		}
		if same {
			r.guess++
		}
		if !d.sure || !same {
			wrong(x, d)
		}
	}
	n := float64(len(set))
	return rates{r.right / n, r.wrong / n, r.guess / n}
}

// TestDetectSets has two sets of short messages that the project wrote: own was
// looked at while the lists and margins were made, held was written before them
// and was not.
func TestDetectSets(t *testing.T) {
	alone := func(said) (language.Tag, []language.Tag) { return language.Und, nil }
	known := func(x said) (language.Tag, []language.Tag) {
		return language.Und, []language.Tag{language.Make(x.lang)}
	}
	for _, tc := range []struct {
		set         string
		what        string
		know        func(said) (language.Tag, []language.Tag)
		right, miss float64
	}{
		{"own.tsv", "alone", alone, 0.91, 0.03},
		{"own.tsv", "with history", known, 0.98, 0.01},
		{"held.tsv", "alone", alone, 0.91, 0.03},
		{"held.tsv", "with history", known, 0.98, 0.01},
	} {
		set := readSaid(t, tc.set)
		show := func(x said, d detected) {
			if tc.set == "own.tsv" {
				t.Logf("  %s: %q is said to be %s, sure %v", x.lang, x.text, d.tag, d.sure)
			}
		}
		r := rate(set, tc.know, show)
		t.Logf("%s, %s: %d messages, sure and right %.1f %%, sure and wrong %.1f %%, best guess right %.1f %%", tc.set, tc.what, len(set), r.right*100, r.wrong*100, r.guess*100)
		if r.right < tc.right || r.wrong > tc.miss {
			t.Errorf("%s, %s: want at least %.0f %% right and at most %.0f %% wrong", tc.set, tc.what, tc.right*100, tc.miss*100)
		}
	}
}

func TestHanzi(t *testing.T) {
	t.Parallel()
	ja := language.Japanese
	for _, tc := range []struct {
		text          string
		site, history language.Tag
		want          string
	}{
		{"我要退款", language.Und, language.Und, "zh-CN"},
		{"請問我的訂單什麼時候發貨", language.Und, language.Und, "zh-TW"},
		{"请问我的订单什么时候发货", language.MustParse("zh-TW"), language.Und, "zh-CN"},
		{"退貨", zhCN, zhCN, "zh-TW"},
		{"退款", language.MustParse("zh-TW"), language.Und, "zh-TW"},
		{"收不到", zhCN, language.MustParse("zh-HK"), "zh-HK"},
		{"還沒收到包裹", language.MustParse("zh-HK"), language.Und, "zh-HK"},
		{"商品未着", ja, language.Und, "ja"},
		{"数量不足、請求取消希望", ja, language.Und, "ja"},
		{"問題未解決", language.MustParse("ja-JP"), language.Und, "ja-JP"},
		{"我没收到", ja, ja, "zh-CN"},
		{"商品破損、返品対応希望", language.Und, language.Und, "ja"},
		{"请退款", ja, language.Und, "zh-CN"},
		{"後台的里程", language.Und, language.Und, "zh-CN"},
	} {
		var history []language.Tag
		if tc.history != language.Und {
			history = append(history, tc.history)
		}
		if d := detect(tc.text, tc.site, history); d.tag.String() != tc.want || !d.sure {
			t.Errorf("%q is said to be %s, want %s", tc.text, d.tag, tc.want)
		}
	}
}

func FuzzDetect(f *testing.F) {
	for _, s := range []string{"Wo ist meine Bestellung", "我要退款", "ok", "\xff\x00", "l'article d''", "Где мой заказ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, text := range []string{s, normalise(s)} {
			d := detect(text, language.Und, nil)
			if d.sure && (d.tag == language.Und || !hasLetter(text)) {
				t.Fatalf("%q is surely %s", text, d.tag)
			}
			if again := detect(text, language.Und, nil); again != d {
				t.Fatalf("%q is %s, and then %s", text, d.tag, again.tag)
			}
		}
	})
}
