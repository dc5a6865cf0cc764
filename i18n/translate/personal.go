package translate

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// What says who somebody is or where they live is a fact like any other: engines
// see a token.
const (
	factName    fact = "name"
	factAddress fact = "address"
	factAccount fact = "account" // a bank account's or a card's number
)

// facts are all pieces of a text that no engine may see, in order.
func facts(req Request, s string) []span {
	private := personal(s, req.Names)
	plain := protect(s)
	if len(private) == 0 {
		return plain
	}
	// A number within an address goes with the address.
	all := append(private, plain...)
	slices.SortStableFunc(all, func(a, b span) int {
		if a.start != b.start {
			return a.start - b.start
		}
		return b.end - a.end
	})
	out := all[:1]
	for _, x := range all[1:] {
		last := &out[len(out)-1]
		if x.start >= last.end {
			out = append(out, x)
			continue
		}
		if isPersonal(x.kind) && !isPersonal(last.kind) {
			last.kind = x.kind
		}
		last.end = max(last.end, x.end)
		last.text = s[last.start:last.end]
	}
	return out
}

// private are the names that are known and those that were found by how they
// stood in the text: what is made of the text may have them without that.
func (w *work) private() []string {
	out := slices.Clone(w.req.Names)
	for _, s := range w.spans {
		if isPersonal(s.kind) {
			out = append(out, s.text)
		}
	}
	return out
}

func isPersonal(k fact) bool { return k == factName || k == factAddress || k == factAccount }

// personal finds names, addresses and account numbers: those that are known, and
// those that give themselves away by where they stand. None crosses a line's end.
func personal(s string, names []string) []span {
	var out []span
	found := func(kind fact, from, to int) {
		if from < to {
			out = append(out, span{kind, from, to, s[from:to]})
		}
	}
	if len(names) > 0 {
		known(s, names, func(from, to int) { found(factName, from, to) })
	}
	at, signed, address := 0, false, false
	for line := range strings.SplitSeq(s, "\n") {
		bare := strings.TrimSpace(line)
		from := at + strings.Index(line, bare)
		switch {
		case bare == "":
		case signed && nameAlone.MatchString(bare):
			found(factName, from, from+len(strings.TrimRight(bare, " .,!")))
			signed = false
		default:
			signed = false
			tail := lettersBack(bare, len(bare), signLetters)
			if end := bare[tail:]; signOff.worth(strings.ToLower(end)) {
				if m := signOff.re.FindStringSubmatchIndex(end); m != nil {
					if signed = m[2] < 0; !signed {
						found(factName, from+tail+m[2], from+tail+m[3])
					}
				}
			}
			if m := greeting.FindStringSubmatchIndex(bare); m != nil && !role(bare[m[2]:m[3]]) {
				found(factName, from+m[2], from+m[3])
			}
			if !isASCII(bare) {
				for _, x := range []seek{hanTitle, hanDear, hanSelf, kanaTitle} {
					if !x.worth(bare) {
						continue
					}
					for _, m := range x.re.FindAllStringSubmatchIndex(bare, -1) {
						if name := bare[m[2]:m[3]]; !hanRoles[name] && !titled.MatchString(name) {
							found(factName, from+m[2], from+m[3])
						}
					}
				}
			}
			if address && townLine.MatchString(bare) {
				found(factAddress, from, from+len(bare))
			}
			n := len(out)
			places(bare, func(a, b int) { found(factAddress, from+a, from+b) })
			address = len(out) > n
			accounts(bare, func(a, b int) { found(factAccount, from+a, from+b) })
		}
		at += len(line) + 1
	}
	return out
}

// signLetters is how much of a line's end a sign-off and a name may take.
const signLetters = 90

// seek is an expression with the words of which a text must have one, since
// looking for those is much cheaper.
type seek struct {
	re    *regexp.Regexp
	words []string
	edges edges
}

// edges are where a word has to be the beginning or the end of one in the text.
type edges int

const (
	anywhere edges = 0
	atStart  edges = 1
	atEnd    edges = 2
)

func (x seek) worth(s string) bool {
	return slices.ContainsFunc(x.words, func(w string) bool {
		for at := 0; ; at++ {
			i := strings.Index(s[at:], w)
			if i < 0 {
				return false
			}
			at += i
			end := at + len(w)
			if (x.edges&atStart == 0 || at == 0 || !wordByte(s[at-1])) &&
				(x.edges&atEnd == 0 || end == len(s) || !wordByte(s[end]) || !wordByte(s[end-1])) {
				return true
			}
		}
	})
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// everyday are parts of names that are words as well: they count only as they are
// written in the name. A part of an address is looked at in the same way.
var everyday = wordSet(`will may mark rose grace hope joy art bill long young king brown white black green gray grey short small best
 good nice reading bath essen hand baker cook price rich may june april august sunny summer winter star love lucky happy frank ernst
 klein gross groß lang kurz jung alt schön weiß schwarz braun grün roth stark reich gut neu petit grand blanc noir brun roi rose belle
 bon luz sol paz cruz rey blanco negro rojo moreno bello rossi bianchi neri grande santos silva do da a an in on is it am be me my no
 so to us we at as or if by von van de der den del della di la le les el los las dos das du des und and et y e i o the san st mr mrs ms dr`)

// street words say nothing of whose street it is.
var streets = wordSet(`street road avenue lane drive boulevard court way close place square apartment apt unit suite floor building house
 st rd ave ln dr blvd straße strasse str weg platz allee gasse ring rue place chemin impasse quai calle avenida plaza paseo via viale
 piazza corso rua praça travessa north south east west new the of haus etage bis box`)

func wordSet(s string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(s) {
		out[w] = true
	}
	return out
}

// plainRune is a letter without its case and accents, so that "Muller" is Müller.
func plainRune(r rune) rune {
	if r < utf8.RuneSelf {
		return unicode.ToLower(r)
	}
	for _, d := range norm.NFD.String(string(unicode.ToLower(r))) {
		return d
	}
	return r
}

var umlauts = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "Ä", "Ae", "Ö", "Oe", "Ü", "Ue", "ß", "ss", "å", "aa", "ø", "oe", "æ", "ae")

// known finds names and what they are made of, as whole words.
func known(s string, names []string, found func(from, to int)) {
	runes, at := []rune(s), make([]int, 0, len(s)+1)
	for i := range s {
		at = append(at, i)
	}
	at = append(at, len(s))
	plain := make([]rune, len(runes))
	for i, r := range runes {
		plain[i] = plainRune(r)
	}
	seen := map[string]bool{}
	look := func(name string, asWritten bool) {
		if want := []rune(name); len(want) >= 2 && !seen[name] {
			seen[name] = true
			occurrences(runes, plain, want, asWritten, func(i, j int) { found(at[i], at[j]) })
		}
	}
	for _, name := range names {
		name = strings.Trim(normalise(name), " ,.-_/")
		isAddress := strings.ContainsFunc(name, unicode.IsDigit)
		forms := []string{name}
		if u := umlauts.Replace(name); u != name {
			forms = append(forms, u)
		}
		for _, form := range forms {
			look(form, !strings.ContainsFunc(form, notLetter) && everyday[strings.ToLower(form)])
			parts := strings.FieldsFunc(form, func(r rune) bool { return notLetter(r) && !unicode.IsDigit(r) && r != '\'' && r != '’' })
			if words := strings.Fields(form); len(words) > 1 && !isAddress {
				parts = append(parts, words...) // Anna-Lena whole, before Anna and Lena
			}
			for _, part := range parts {
				lower := strings.ToLower(part)
				switch {
				case strings.ContainsFunc(part, unicode.IsDigit) && len(part) < 4, isAddress && streets[lower]:
					// A house number alone is nobody's, and protected as a number anyway.
				default:
					look(part, isAddress || everyday[lower])
				}
			}
		}
	}
}

// occurrences finds a name; spaces and marks between its words may differ.
func occurrences(runes, plain, want []rune, asWritten bool, found func(i, j int)) {
	gap := func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(",.-_/", r) }
	folded := make([]rune, len(want))
	for i, r := range want {
		folded[i] = plainRune(r)
	}
	for i := 0; i < len(runes); i++ {
		if plain[i] != folded[0] || i > 0 && joined(runes[i-1], runes[i]) {
			continue
		}
		j, k := i, 0
		for k < len(want) && j < len(runes) {
			switch {
			case gap(want[k]):
				if k > 0 && j > i && !gap(runes[j]) && !gap(runes[j-1]) {
					j = len(runes) // words run together are another word
					continue
				}
				for k < len(want) && gap(want[k]) {
					k++
				}
				for j < len(runes) && runes[j] != '\n' && gap(runes[j]) {
					j++
				}
				continue
			case asWritten && runes[j] != want[k], plain[j] != folded[k]:
				j = len(runes)
				continue
			}
			j, k = j+1, k+1
		}
		// An apostrophe's s is the language's, not the name's.
		if k == len(want) && j > i && !gap(runes[j-1]) && (j == len(runes) || !joined(runes[j-1], runes[j])) {
			found(i, j)
			i = j - 1
		}
	}
}

// joined: two letters or digits of one word. Scripts without spaces have no words
// to be inside of.
func joined(a, b rune) bool {
	word := func(r rune) bool {
		return (unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r)) && !spaceless(r)
	}
	return word(a) && word(b)
}

var (
	// nameAlone is a line after a sign-off: a few words without an end.
	nameAlone = regexp.MustCompile(`^[\p{L}\p{M}.'’·\-]+(?: [\p{L}\p{M}.'’·\-]+){0,4}[ .,!]*$`)
	// properName is one to four words with capitals, with what stands between them.
	properName = `\p{Lu}[\p{L}\p{M}'’.\-]*(?: (?:(?:von|van|de|der|den|del|della|di|da|do|dos|la|le|bin|al|y|e) ){0,2}\p{Lu}[\p{L}\p{M}'’.\-]*){0,3}`
	signOff    = seek{regexp.MustCompile(`(?:^|[.!?,。！，] ?)(?i:(?:(?:best|kind|kindest|warm|warmest|many)? ?regards|best wishes|all the best|yours (?:sincerely|faithfully|truly)|sincerely(?: yours)?|cheers|best` +
		`|(?:mit )?(?:freundlichen|freundliche|besten|beste|lieben|liebe|viele|vielen|herzliche|herzlichen|schöne|schönen) grü(?:ß|ss)en?|grü(?:ß|ss)e|mfg|lg|vg|hochachtungsvoll` +
		`|(?:bien )?cordialement|(?:bien )?à vous|sincères salutations|meilleures salutations|bonne journée` +
		`|(?:un )?(?:cordial )?saludos?(?: cordiales)?|atentamente|un abrazo|cordialmente` +
		`|cordiali saluti|distinti saluti|saluti|atenciosamente|cumprimentos|(?:com os )?melhores cumprimentos|abraços|att` +
		`|met vriendelijke groet(?:en)?|groet(?:en|jes)?|mvg|pozdrawiam|z poważaniem|med vänliga hälsningar|mvh|с уважением|saygılarımla` +
		`|此致(?:敬礼|敬禮)?|敬礼|敬禮|祝好|敬上|よろしくお願い(?:いた)?します|敬具|감사합니다))` +
		`(?: ?[,.!，。！–-]? ?$|[,，!] ?(` + properName + `)[.!]?$)`),
		[]string{"regards", "best", "yours", "sincerely", "cheers", "grüß", "grüss", "mfg", "lg", "vg", "hochachtungsvoll", "cordialement", "à vous", "salutations", "bonne journée",
			"saludo", "atentamente", "abrazo", "cordialmente", "saluti", "atenciosamente", "cumprimentos", "abraços", "att", "groet", "mvg", "pozdrawiam", "poważaniem",
			"hälsningar", "mvh", "уважением", "saygılarımla", "此致", "敬礼", "敬禮", "祝好", "敬上", "お願い", "敬具", "감사합니다"}, anywhere}
	greeting = regexp.MustCompile(`^(?i:hi|hello|hey|dear|good (?:morning|afternoon|evening)|hallo|guten (?:tag|morgen|abend)|liebe[rs]?|sehr geehrte[rs]?|moin|servus|bonjour|bonsoir|salut|ch[eè]re?|hola|buen(?:os|as) (?:días|tardes|noches)|estimad[oa]|querid[oa]|ciao|buongiorno|buonasera|salve|gentile|car[oa]|olá|oi|bom dia|boa (?:tarde|noite)|prezad[oa]|hoi|beste|geachte|cześć|dzień dobry|hej|merhaba|sayın|здравствуйте|привет|добрый день|уважаем(?:ый|ая))` +
		`,? (?:(?i:mr|mrs|ms|miss|mx|dr|prof|herrn?|frau|monsieur|madame|mme|m|señor|señora|sr|sra|srta|signor|signora|sig|dott|senhora?|meneer|mevrouw|pan|pani)\.? )*(` + properName + `)\s*(?:[,!:，！：.–-]|$)`)

	hanTitle = seek{regexp.MustCompile(`(?:^|[^\p{Han}]|您好|你好|尊敬的|亲爱的|親愛的|致)(\p{Han}{1,3}?)(?:先生|女士|小姐|太太)`), []string{"先生", "女士", "小姐", "太太"}, anywhere}
	titled   = regexp.MustCompile(`(?:先生|女士|小姐|太太)$`)
	hanDear  = seek{regexp.MustCompile(`(?:尊敬的|亲爱的|親愛的)((?:\p{Han}{2,3}?|\p{Latin}[\p{Latin} .'’-]*\p{Latin}))(?:先生|女士|小姐|，|,|：|:|！|!|您好|你好|$)`), []string{"尊敬的", "亲爱的", "親愛的"}, anywhere}
	hanSelf  = seek{regexp.MustCompile(`(?:收件人|收货人|收貨人|联系人|聯絡人|我叫|我的名字是|姓名)[是：: ]*(\p{Han}{2,4})`), []string{"收件人", "收货人", "收貨人", "联系人", "聯絡人", "我叫", "我的名字", "姓名"}, anywhere}

	kanaTitle = seek{regexp.MustCompile(`([\p{Han}々ヶ]{1,4}(?: ?[\p{Han}々]{1,3})?|\p{Katakana}[\p{Katakana}ー・]{1,15})\s?(?:様|さま|さん|殿)`), []string{"様", "さま", "さん", "殿"}, anywhere}
)

// hanRoles are whom one writes to when one does not know the name.
var hanRoles = wordSet("客户 客戶 顾客 顧客 买家 買家 卖家 賣家 店家 各位 贵 贵方 朋友 用户 用戶 会员 お客 客 皆 各 奥 店長 担当 担当者 出品者 販売者 お疲れ 这位 那位 该 这 那 一位 位")

var roles = wordSet(`team seller sir madam sirs customer customers service support shop store there all everyone again friend friends buyer
 kundenservice kundendienst verkäufer verkäuferin zusammen damen herren herr frau kunde kundin monsieur madame vendeur équipe client cliente
 vendedor vendedora equipo señor señora señores tienda venditore team servizio assistenza signore signora signori cliente loja equipe senhor
 senhora verkoper klantenservice amazon ebay shopify customer-service ladies gentlemen manager sales thank thanks please is my i we the order`)

// role: the words after a greeting are no name.
func role(s string) bool {
	for _, w := range strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return notLetter(r) && r != '-' }) {
		if roles[w] {
			return true
		}
	}
	return false
}
