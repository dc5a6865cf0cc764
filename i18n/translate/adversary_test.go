package translate_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"

	"helloworld/glossary"
	"helloworld/i18n/translate"
	"helloworld/i18n/translate/enginetest"
)

// templates are what buyers write, with places for facts.
var templates = map[string][]string{
	"en": {"Where is my order %s? I paid %s on %s.", "Hello, the parcel %s never came, please refund %s", "%s is broken, see %s and answer at %s", "I need two of %s instead of %s"},
	"de": {"Wo ist meine Bestellung %s? Ich habe %s am %s bezahlt.", "Hallo, das Paket %s kam nie an, bitte %s erstatten", "%s ist kaputt, siehe %s oder schreiben Sie an %s", "Ich möchte %s statt %s"},
	"fr": {"Où est ma commande %s ? J'ai payé %s le %s.", "Bonjour, le colis %s n'est jamais arrivé, remboursez %s svp", "%s est cassé, voir %s et répondez à %s"},
	"es": {"¿Dónde está mi pedido %s? Pagué %s el %s.", "Hola, el paquete %s nunca llegó, quiero el reembolso de %s", "%s está roto, mire %s y responda a %s"},
	"it": {"Dov'è il mio ordine %s? Ho pagato %s il %s.", "Ciao, il pacco %s non è mai arrivato, vorrei il rimborso di %s", "%s è rotto, vedi %s e scrivetemi a %s"},
	"pt": {"Onde está o meu pedido %s? Paguei %s em %s.", "Olá, a encomenda %s nunca chegou, quero o reembolso de %s", "%s veio partido, veja %s e responda para %s"},
	"nl": {"Waar is mijn bestelling %s? Ik heb %s betaald op %s.", "Hallo, het pakket %s is nooit aangekomen, graag %s terug", "%s is kapot, zie %s en antwoord op %s"},
	"pl": {"Gdzie jest moje zamówienie %s? Zapłaciłem %s dnia %s.", "Dzień dobry, paczka %s nie przyszła, proszę o zwrot %s", "%s jest zepsuty, zobacz %s i odpisz na %s"},
	"ja": {"注文%sはどこですか？%sを%sに支払いました。", "こんにちは、荷物%sが届きません。%sの返金をお願いします", "%sが壊れています。%sを見て%sに返事をください"},
	"ko": {"주문 %s 어디에 있나요? %s 를 %s 에 결제했어요.", "안녕하세요, 택배 %s 가 안 왔어요. %s 환불해 주세요", "%s 고장났어요. %s 보고 %s 로 답장 주세요"},
	"ru": {"Где мой заказ %s? Я оплатил %s числа %s.", "Здравствуйте, посылка %s не пришла, верните %s", "%s сломан, смотрите %s и ответьте на %s"},
	"zh": {"我的订单%s在哪里？我在%s付了%s。", "您好，包裹%s一直没收到，请退%s", "%s坏了，请看%s，回复到%s"},
}

var templateLangs = []string{"en", "de", "fr", "es", "it", "pt", "nl", "pl", "ja", "ko", "ru", "zh"}

// aFact makes a fact as buyers write it.
func aFact(r *rand.Rand) string {
	n := func(lo, hi int) int { return lo + r.IntN(hi-lo) }
	one := func(list ...string) string { return list[r.IntN(len(list))] }
	letters := func(k int) string {
		b := make([]byte, k)
		for i := range b {
			b[i] = byte('A' + r.IntN(26))
		}
		return string(b)
	}
	whole, cents := n(1, 9999), n(0, 100)
	switch r.IntN(16) {
	case 0:
		return fmt.Sprintf("%03d-%07d-%07d", n(1, 999), n(1, 9999999), n(1, 9999999))
	case 1:
		return one("#", "＃") + fmt.Sprint(n(1000, 999999))
	case 2:
		return fmt.Sprintf("%02d-%05d-%05d", n(1, 99), n(1, 99999), n(1, 99999))
	case 3:
		return one(fmt.Sprintf("€%d.%02d", whole, cents), fmt.Sprintf("%d,%02d €", whole, cents), fmt.Sprintf("EUR %d,%02d", whole, cents),
			fmt.Sprintf("US$%d.%02d", whole, cents), fmt.Sprintf("$%d", whole), fmt.Sprintf("%d.%02d USD", whole, cents), fmt.Sprintf("£%d.%02d", whole, cents))
	case 4:
		return one(fmt.Sprintf("1.%03d,%02d EUR", n(0, 1000), cents), fmt.Sprintf("1 %03d,%02d €", n(0, 1000), cents), fmt.Sprintf("$1,%03d.%02d", n(0, 1000), cents),
			fmt.Sprintf("CHF 1'%03d.%02d", n(0, 1000), cents), fmt.Sprintf("%d,%02d zł", whole, cents), fmt.Sprintf("%d kr", whole), fmt.Sprintf("R$ %d,%02d", whole, cents))
	case 5:
		return one(fmt.Sprintf("¥%d", whole), fmt.Sprintf("￥%d", whole), fmt.Sprintf("%d円", whole), fmt.Sprintf("%d元", whole), fmt.Sprintf("₩%d", whole*100), fmt.Sprintf("%d ₽", whole))
	case 6:
		y, m, d := n(2020, 2030), n(1, 13), n(1, 29)
		return one(fmt.Sprintf("%d-%02d-%02d", y, m, d), fmt.Sprintf("%02d.%02d.%d", d, m, y), fmt.Sprintf("%d/%d/%02d", m, d, y%100), fmt.Sprintf("%d年%d月%d日", y, m, d), fmt.Sprintf("%02d:%02d", n(0, 24), n(0, 60)))
	case 7:
		return "https://" + strings.ToLower(letters(5)) + ".example/" + letters(3) + "?id=" + fmt.Sprint(whole) + one("", "#top", "&x=1")
	case 8:
		return strings.ToLower(letters(4)) + one(".", "_", "+", "-") + fmt.Sprint(n(1, 99)) + "@" + strings.ToLower(letters(6)) + one(".com", ".de", ".co.uk", ".example")
	case 9:
		return one(fmt.Sprintf("+49 30 %d", n(100000, 9999999)), fmt.Sprintf("+1 (%d) %d-%d", n(200, 999), n(200, 999), n(1000, 9999)), fmt.Sprintf("+86 %d", n(1300000000, 1999999999)), fmt.Sprintf("030 %d", n(100000, 9999999)))
	case 10:
		return "1Z" + letters(3) + fmt.Sprint(n(1000000, 9999999)) + letters(2) + fmt.Sprint(n(1000, 9999))
	case 11:
		return letters(2) + fmt.Sprint(n(100000000, 999999999)) + one("DE", "CN", "GB")
	case 12:
		return one("B0"+letters(4)+fmt.Sprint(n(1000, 9999)), letters(3)+"-"+fmt.Sprint(n(10, 99))+"-"+letters(2), fmt.Sprint(n(10, 99))+letters(2)+"_"+fmt.Sprint(n(1, 9)))
	case 13:
		return one("{name}", "{{ order.id }}", "{order_number}", "{{customer.first_name}}")
	case 14:
		return one("👍🏽", "👨\u200d👩\u200d👧", "🇩🇪", "❤️", "😡")
	}
	return fmt.Sprint(n(100, 99999))
}

// aMessage is a buyer's message of one to three lines, and its facts.
func aMessage(r *rand.Rand) (text, lang string, facts []string) {
	lang = templateLangs[r.IntN(len(templateLangs))]
	for range 1 + r.IntN(3) {
		line := templates[lang][r.IntN(len(templates[lang]))]
		for strings.Contains(line, "%s") {
			f := aFact(r)
			facts = append(facts, f)
			line = strings.Replace(line, "%s", f, 1)
		}
		text += line + "\n"
	}
	return strings.TrimSpace(text), lang, facts
}

var digitRun = regexp.MustCompile(`\p{Nd}+`)

// bent looks for harm with eyes of its own: it knows which facts were put in, and
// knows nothing of how the pipeline finds them.
func bent(source, text string, facts []string) string {
	rest := text
	for _, f := range longestFirst(facts) {
		at := alone(rest, f)
		if at < 0 {
			return fmt.Sprintf("%q is not there, or stands for another", f)
		}
		rest = rest[:at] + "\x00" + rest[at+len(f):]
	}
	if m := digitRun.FindString(rest); m != "" {
		return fmt.Sprintf("%q was added", m)
	}
	if strings.Contains(rest, "@") || strings.Contains(rest, "://") {
		return "an address was added"
	}
	for _, r := range rest {
		if unicode.Is(unicode.Bidi_Control, r) || r == '\u200b' || r == utf8.RuneError {
			return fmt.Sprintf("%U is in it", r)
		}
	}
	for _, junk := range []string{"<x", "PH", "[[", "]]", "&lt;", "&quot;"} {
		if strings.Contains(rest, junk) && !strings.Contains(source, junk) {
			return fmt.Sprintf("%q is left in it", junk)
		}
	}
	return ""
}

func longestFirst(in []string) []string {
	out := append([]string{}, in...)
	for i := range out {
		for j := i + 1; j < len(out); j++ {
			if len(out[j]) > len(out[i]) {
				out[i], out[j] = out[j], out[i]
			}
		}
	}
	return out
}

// alone finds a fact that nothing touches which would make another one of it.
func alone(text, f string) int {
	for from := 0; ; {
		at := strings.Index(text[from:], f)
		if at < 0 {
			return -1
		}
		at += from
		before, _ := utf8.DecodeLastRuneInString(text[:at])
		after, _ := utf8.DecodeRuneInString(text[at+len(f):])
		joins := func(r rune) bool { return unicode.IsDigit(r) || unicode.Is(unicode.Latin, r) || r == '_' }
		starts, _ := utf8.DecodeRuneInString(f)
		ends, _ := utf8.DecodeLastRuneInString(f)
		switch {
		case joins(before) && joins(starts), joins(after) && joins(ends):
		case strings.ContainsRune("-−+$€£¥", before) && (unicode.IsDigit(starts) || strings.ContainsRune("$€£¥￥₩", starts)):
		default:
			return at
		}
		from = at + len(f)
	}
}

// TestAdversaries sends messages through engines that do harm: no harmed fact may
// get past the checks, whatever the engine does.
func TestAdversaries(t *testing.T) {
	messages := 3000
	if translate.Raced {
		messages = 600 // enough for each engine's trick; what is looked for here is no race
	}
	if os.Getenv("DESK_SOAK") != "" {
		messages = 100_000
	}
	b := book(t)
	targets := []language.Tag{zhCN, language.English, language.German, language.Japanese}
	type tally struct{ asked, sent atomic.Int64 }
	sums := map[enginetest.Trick]*tally{}
	for _, k := range enginetest.Tricks {
		sums[k] = &tally{}
	}
	var harmed atomic.Int64
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wg.Go(func() {
			pipes := map[enginetest.Trick]*translate.Pipeline{}
			for _, k := range enginetest.Tricks {
				pipes[k] = bad(b, k)
			}
			for i := w; i < messages; i += workers {
				r := rand.New(rand.NewPCG(uint64(i), 7))
				text, lang, facts := aMessage(r)
				to := targets[r.IntN(len(targets))]
				trick := enginetest.Tricks[i%len(enginetest.Tricks)]
				req := translate.Request{Text: text, From: language.Make(lang), To: to, Outgoing: r.IntN(2) == 0}
				if lang == "zh" {
					req.From = zhCN
				}
				if r.IntN(2) == 0 {
					req.From = language.Und
				}
				got, err := pipes[trick].Do(context.Background(), req)
				if err != nil {
					t.Error(err)
					return
				}
				sums[trick].asked.Add(1)
				if got.Blocked() {
					continue
				}
				sums[trick].sent.Add(1)
				if what := bent(text, got.Text, facts); what != "" && harmed.Add(1) <= 10 {
					t.Errorf("%s, message %d to %s: %s\n%q became\n%q by %s, %v", trick, i, to, what, text, got.Text, got.Grade, got.Findings)
				}
			}
		})
	}
	wg.Wait()
	var line []string
	for _, k := range enginetest.Tricks {
		line = append(line, fmt.Sprintf("%s %d/%d", k, sums[k].sent.Load(), sums[k].asked.Load()))
	}
	t.Logf("%d messages, %d with harmed facts got past; not blocked, of those asked: %s", messages, harmed.Load(), strings.Join(line, ", "))
	// What does no harm has to get through, or the figure above says nothing.
	for _, k := range []enginetest.Trick{enginetest.Reorder, enginetest.Recase, enginetest.Marks, enginetest.Bold} {
		if s := sums[k]; s.sent.Load()*10 < s.asked.Load()*8 {
			t.Errorf("%s: only %d of %d got through", k, s.sent.Load(), s.asked.Load())
		}
	}
}

// bad is a pipeline with one troublesome engine that is never left to rest.
func bad(b *glossary.Book, k enginetest.Trick) *translate.Pipeline {
	start, asked := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC), atomic.Int64{}
	return translate.New(translate.Options{Book: b, Engines: []translate.Engine{&enginetest.Bad{Trick: k, Honest: 1}},
		Now: func() time.Time { return start.Add(time.Duration(asked.Add(1)) * time.Hour) }})
}
