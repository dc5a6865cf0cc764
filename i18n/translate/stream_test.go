package translate_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/language"

	"helloworld/i18n/translate"
	"helloworld/i18n/translate/enginetest"
)

func TestStreamIsDoInParts(t *testing.T) {
	t.Parallel()
	p := translate.New(translate.Options{Book: book(t), Engines: []translate.Engine{enginetest.Toy{}}})
	for _, tc := range []struct {
		text  string
		to    language.Tag
		parts int
	}{
		{"Dear seller,\n\nthe parcel 1Z999AA10123456784 has not come yet and I paid €12.50.\n#1001\nCan you look into it?\nAnna Schmidt", zhCN, 6},
		{"Hello. I received the wrong item!\n\nThank you", zhCN, 1},
		{"Wo bleibt das Paket, ich warte seit zwei Wochen\nBitte antworten Sie mir bald", zhCN, 2},
		{"请退款\n谢谢", zhCN, 2},
		{"hmm", zhCN, 1},
		{"#1001\n👍", zhCN, 1},
		{"", zhCN, 1},
	} {
		want := do(t, p, translate.Request{Text: tc.text, To: tc.to})
		var texts []string
		var findings []translate.Finding
		line := 0
		for part, err := range p.Stream(t.Context(), translate.Request{Text: tc.text, To: tc.to}) {
			if err != nil {
				t.Fatal(err)
			}
			if part.Line != line {
				t.Errorf("%q: part %d begins at line %d", tc.text, len(texts), part.Line)
			}
			line += strings.Count(part.Text, "\n") + 1
			texts = append(texts, part.Text)
			findings = append(findings, part.Findings...)
			if part.Blocked() != (want.Blocked() && part.Grade == want.Grade) {
				t.Errorf("%q: part %q blocked %v", tc.text, part.Text, part.Blocked())
			}
		}
		if got := strings.Join(texts, "\n"); got != want.Text || len(texts) != tc.parts {
			t.Errorf("%q: %d parts %q, want %q", tc.text, len(texts), got, want.Text)
		}
		for _, f := range want.Findings {
			if !slices.Contains(findings, f) {
				t.Errorf("%q: %v is in no part", tc.text, f)
			}
		}
	}
}

func TestStreamEnds(t *testing.T) {
	t.Parallel()
	p := translate.New(translate.Options{Engines: []translate.Engine{enginetest.Toy{}}})
	text := "The first line is here\nThe second line is here\nThe third line is here"
	n := 0
	for range p.Stream(t.Context(), translate.Request{Text: text, To: zhCN}) {
		n++
		break
	}
	if n != 1 {
		t.Errorf("went on for %d parts", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n = 0
	var last error
	for _, err := range p.Stream(ctx, translate.Request{Text: text, To: zhCN}) {
		n, last = n+1, err
		cancel()
	}
	if n != 2 || !errors.Is(last, context.Canceled) {
		t.Errorf("%d parts, the last with %v", n, last)
	}
	for _, err := range p.Stream(t.Context(), translate.Request{Text: text}) {
		if !errors.Is(err, translate.ErrNoTarget) {
			t.Errorf("no target: %v", err)
		}
	}
}

func TestBatch(t *testing.T) {
	t.Parallel()
	p := translate.New(translate.Options{Book: book(t)})
	reqs := []translate.Request{{Text: "Item defective, request refund", To: zhCN}, {Text: "no target"}, {Text: "请退款", To: zhCN}}
	for range 20 {
		reqs = append(reqs, translate.Request{Text: "Wo ist meine Bestellung 1001?", To: zhCN})
	}
	got, err := p.Batch(t.Context(), reqs)
	if !errors.Is(err, translate.ErrNoTarget) || !strings.Contains(err.Error(), "message 1:") {
		t.Errorf("got %v", err)
	}
	if len(got) != len(reqs) || got[0].Text != "商品存在质量问题，申请退款" || got[1].Text != "" || got[2].Text != "请退款" {
		t.Errorf("got %+v", got[:3])
	}
	for _, r := range got[3:] {
		if !strings.Contains(r.Text, "1001") || r.From != language.German {
			t.Errorf("got %+v", r)
		}
	}
}
