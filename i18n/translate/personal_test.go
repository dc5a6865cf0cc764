package translate

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/language"
)

func TestPersonal(t *testing.T) {
	t.Parallel()
	mueller := []string{"Jürgen Müller", "Hauptstraße 12", "Essen", "45127"}
	for _, tc := range []struct {
		text  string
		names []string
		want  string
	}{
		// Known names, whole words, whatever their case and accents.
		{"Jürgen Müller wrote, and jürgen again", mueller, "name=Jürgen Müller name=jürgen"},
		{"MUELLER, Muller's parcel", mueller, "name=MUELLER name=Muller"},
		{"Müllers Müllerei", mueller, ""},
		{"Wir essen in Essen, 45127", mueller, "name=Essen name=45127"},
		{"it is on hauptstraße 12 or Hauptstraße", mueller, "name=hauptstraße 12 name=Hauptstraße"},
		{"I will ask Will Rose, a rose", []string{"Will Rose"}, "name=Will Rose"},
		{"Will has it", []string{"Will Rose"}, "name=Will"},
		{"王伟的包裹，北京市", []string{"王伟", "北京市"}, "name=王伟 name=北京市"},
		{"田中太郎です", []string{"田中太郎"}, "name=田中太郎"},
		{"O'Brien is me", []string{"Sinéad O'Brien"}, "name=O'Brien"},
		{"a high street", []string{"12 High Street"}, ""},
		{"Anna-Lena and anna lena", []string{"Anna-Lena Kurz"}, "name=Anna-Lena name=anna lena"},
		{"nothing", []string{"", " ", "X"}, ""},
		// Whoever signs.
		{"It broke.\n\nBest regards,\nAnna Schmidt", nil, "name=Anna Schmidt"},
		{"Viele Grüße\nanna schmidt", nil, "name=anna schmidt"},
		{"Mit freundlichen Grüßen, Anna Schmidt", nil, "name=Anna Schmidt"},
		{"Cordialement\n\nJean-Pierre de la Tour", nil, "name=Jean-Pierre de la Tour"},
		{"Saludos,\nMaría José", nil, "name=María José"},
		{"Atenciosamente,\nJoão", nil, "name=João"},
		{"Cordiali saluti\nLuca Bianchi.", nil, "name=Luca Bianchi"},
		{"请尽快处理。\n此致\n李明", nil, "name=李明"},
		{"Kind regards\nPlease answer soon, I am waiting for my money!", nil, ""},
		{"Thanks for the best price", nil, ""},
		// Whoever is spoken to.
		{"Hi Anna,", nil, "name=Anna"},
		{"Dear Mr. Smith, where is it", nil, "name=Smith"},
		{"Sehr geehrte Frau Dr. Müller-Lüdenscheidt,", nil, "name=Müller-Lüdenscheidt"},
		{"Bonjour Madame Dupont !", nil, "name=Dupont"},
		{"Hola Juan:", nil, "name=Juan"},
		{"尊敬的王先生：您好", nil, "name=王"},
		{"亲爱的李小明，您好", nil, "name=李小明"},
		{"田中様、", nil, "name=田中"},
		{"Hello Team,", nil, ""},
		{"Dear Sir or Madam,", nil, ""},
		{"Hallo Zusammen,", nil, ""},
		{"Hello Where is my order", nil, ""},
		{"尊敬的客户：", nil, ""},
		{"お客様", nil, ""},
		// Where somebody lives.
		{"Send it to 12 High Street, London SW1A 1AA please", nil, "address=12 High Street, London SW1A 1AA"},
		{"I moved to 1600 Pennsylvania Ave. NW", nil, "address=1600 Pennsylvania Ave."},
		{"P.O. Box 123", nil, "address=P.O. Box 123"},
		{"Bitte an Lange Straße 12 a, 10115 Berlin senden", nil, "address=Lange Straße 12 a, 10115 Berlin"},
		{"Hauptstr. 5\n45127 Essen", nil, "address=Hauptstr. 5 address=45127 Essen"},
		{"au 12 bis, rue de la Paix, 75002 Paris, merci", nil, "address=12 bis, rue de la Paix, 75002 Paris"},
		{"Calle de Alcalá, 45", nil, "address=Calle de Alcalá, 45"},
		{"in Via Roma 3, 00184 Roma", nil, "address=Via Roma 3, 00184 Roma"},
		{"Rua Augusta, 1500", nil, "address=Rua Augusta, 1500"},
		{"请寄到北京市朝阳区建国路88号3栋501室，谢谢", nil, "address=北京市朝阳区建国路88号3栋501室"},
		{"寄送至臺北市信義區忠孝東路5號", nil, "address=臺北市信義區忠孝東路5號"},
		{"〒150-0001 東京都渋谷区神宮前1-2-3 です", nil, "address=〒150-0001 東京都渋谷区神宮前1-2-3"},
		{"서울특별시 강남구 테헤란로 152 로", nil, "address=서울특별시 강남구 테헤란로 152"},
		{"ул. Ленина, д. 5, кв. 12", nil, "address=ул. Ленина, д. 5, кв. 12"},
		{"I paid 12 euros on the way to the court", nil, ""},
		{"2 Blue Shirts in a box", nil, ""},
		// Accounts, with the right check digits only.
		{"IBAN DE89 3704 0044 0532 0130 00 OK", nil, "account=DE89 3704 0044 0532 0130 00"},
		{"card 4111 1111 1111 1111", nil, "account=4111 1111 1111 1111"},
		{"tracking 4111 1111 1111 1112", nil, ""},
	} {
		var got []string
		for _, s := range facts(Request{Names: tc.names}, normalise(tc.text)) {
			if isPersonal(s.kind) {
				got = append(got, string(s.kind)+"="+s.text)
			}
		}
		if s := strings.Join(got, " "); s != tc.want {
			t.Errorf("%q with %q:\n got %s\nwant %s", tc.text, tc.names, s, tc.want)
		}
	}
}

func FuzzFacts(f *testing.F) {
	for _, s := range []string{"Hi Anna,\n12 High St\n10115 Berlin", "Viele Grüße\nİpek ß", "王先生DE89 3704 0044 0532 0130 00", "ul. x 1\n\nlg"} {
		f.Add(s, "Anna İpek")
	}
	f.Fuzz(func(t *testing.T, s, name string) {
		s = normalise(s)
		spans := facts(Request{Names: []string{name}}, s)
		last := 0
		for _, x := range spans {
			if x.start < last || x.end <= x.start || s[x.start:x.end] != x.text || strings.Contains(x.text, "\n") {
				t.Fatalf("%q: %+v after %d", s, x, last)
			}
			last = x.end
		}
		w := &work{source: s, spans: spans, limit: 60}
		var n int
		for _, p := range paragraphs(w, false) {
			n += len(p.spans)
		}
		if n != len(spans) {
			t.Fatalf("%q: %d of %d facts are in the paragraphs", s, n, len(spans))
		}
	})
}

func TestCuts(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		text  string
		limit int
		want  string
	}{
		{"One two. Three four. Five.", 100, "One two. Three four. Five."},
		{"One two. Three four. Five.", 14, "One two.|Three four.|Five."},
		{"One two. Three four. Five.", 21, "One two. Three four.|Five."},
		{"no end of a sentence here", 11, "no end of a|sentence|here"},
		{"Zuerst. 您好。我要退款。谢谢", 9, "Zuerst.|您好。我要退款。|谢谢"},
		{"没有标点的一段很长的文字", 5, "没有标点的|一段很长的|文字"},
		{"short\nlonger line here. And more", 20, "short\nlonger line here.|And more"},
		{"see https://a.example/b.c.d/e?f=g.h now. Then", 20, "see https://a.example/b.c.d/e?f=g.h|now. Then"},
		{"aaaaaaaaaaaaaaaaaaaaaaaaa", 10, "aaaaaaaaaa|aaaaaaaaaa|aaaaa"},
		{"", 5, ""},
	} {
		var got strings.Builder
		for i, c := range cuts(tc.text, protect(tc.text), tc.limit) {
			if i > 0 {
				got.WriteString(map[bool]string{true: "|", false: "\n"}[c.more])
			}
			got.WriteString(tc.text[c.start:c.end])
		}
		if got.String() != tc.want {
			t.Errorf("cuts(%q, %d) = %q, want %q", tc.text, tc.limit, got.String(), tc.want)
		}
	}
}

func TestRulesTakePairs(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		pairs, from, to string
		want            bool
	}{
		{"", "en", "zh-CN", true},
		{"en>zh", "en-US", "zh-CN", true},
		{"en>zh", "en", "zh-TW", true},
		{"en>zh-Hant", "en", "zh-TW", true},
		{"en>zh-TW", "en", "zh-Hant", true},
		{"en>zh-CN", "en", "zh-TW", false},
		{"en>zh", "zh", "en", false},
		{"*>ja", "ko", "ja", true},
		{"*>ja,de>*", "de", "fr", true},
		{"*>pt-BR", "en", "pt-PT", false},
		{"*>pt-BR", "en", "pt-BR", true},
		{"nonsense,q>", "en", "de", false},
	} {
		r := Rule{}
		if tc.pairs != "" {
			r.Pairs = strings.Split(tc.pairs, ",")
		}
		if got := r.Takes(language.Make(tc.from), language.Make(tc.to)); got != tc.want {
			t.Errorf("%q takes %s>%s: %v", tc.pairs, tc.from, tc.to, got)
		}
	}
	from, to := Rule{Pairs: []string{"bad", "*>ja"}}.sample(language.German, language.English)
	if from != language.German || to != language.Japanese {
		t.Errorf("sample %s>%s", from, to)
	}
}

func TestInformal(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ lang, text, want string }{
		{"de", "Kannst du mir dein Foto schicken?", "r:du"},
		{"de", "Können Sie uns ein Foto schicken?", ""},
		{"de", "Die Industrie und duzende", ""},
		{"fr", "Peux-tu envoyer une photo ?", "r:tu"},
		{"fr", "Pourriez-vous nous envoyer une photo ?", ""},
		{"es", "¿Puedes enviarme tu foto?", "r:tu"},
		{"es", "¿Puede enviarnos su foto?", ""},
		{"it", "Mandami la tua foto", "r:tua"},
		{"it", "Può inviarci la sua foto?", ""},
		{"pt", "Envia a tua foto", "r:tua"},
		{"ru", "Пришли мне твой адрес", "r:твой"},
		{"ru", "Пришлите, пожалуйста, Ваш адрес", ""},
		{"zh-CN", "你的包裹到了", "r:你"},
		{"zh-CN", "您的迷你音箱到了", ""},
		{"zh-CN", "您的包裹到了", ""},
		{"zh-TW", "你們的包裹到了", "r:你們"},
		{"zh-Hant", "妳的包裹", "r:妳"},
		{"zh-TW", "您的包裹已送達", ""},
		{"ja", "あなたの荷物です", "n:あなた"},
		{"ja", "お荷物は発送済みでございます。", ""},
		{"ko", "당신의 소포입니다", "r:당신"},
		{"ko", "너무 죄송합니다. 곧 발송해 드리겠습니다.", ""},
		{"en", "you are welcome", ""},
	} {
		var got []string
		for _, f := range informal(tc.text, language.Make(tc.lang), nil) {
			got = append(got, string(f.Severity[0])+":"+f.What)
		}
		if s := strings.Join(got, " "); s != tc.want {
			t.Errorf("%s %q: got %q, want %q", tc.lang, tc.text, s, tc.want)
		}
	}
	named := "Guten Tag, Du Bois GmbH"
	if got := informal(named, language.German, []span{{kind: factName, text: "Du Bois"}}); len(got) > 0 {
		t.Errorf("a name is taken for a tone: %v", got)
	}
	if !slices.Contains(Codes, codeInformal) {
		t.Error("the code is in no list")
	}
}
