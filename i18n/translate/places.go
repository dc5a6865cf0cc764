package translate

import (
	"regexp"
	"strings"
	"unicode"
)

// Streets as they are written in the languages of the marketplaces. A house
// number has to be there: a street's name alone is a word like others.
var streetForms = []seek{
	// 12 High Street, Apt 4
	{regexp.MustCompile(`\b[0-9]{1,5}[A-Za-z]?,? (?:(?:N|S|E|W|NE|NW|SE|SW)\.? )?(?:[\p{Lu}0-9][\p{L}0-9'’-]*\.? ){1,4}(?i:street|st|road|rd|avenue|ave|lane|ln|drive|dr|boulevard|blvd|court|ct|way|close|place|pl|square|sq|terrace|crescent|parkway|highway)\b\.?(?:,? (?i:apt|apartment|unit|suite|flat|#)\.? ?[A-Za-z0-9-]+)?` + town),
		[]string{"street", "st", "road", "rd", "avenue", "ave", "lane", "ln", "drive", "dr", "boulevard", "blvd", "court", "ct", "way", "close", "place", "pl", "square", "sq", "terrace", "crescent", "parkway", "highway"}, atStart | atEnd},
	{regexp.MustCompile(`(?i)\bp\.? ?o\.? box [0-9]+`),
		[]string{"box"}, anywhere},
	// Lange Straße 12 a, Hauptstr. 5, Am Markt 3
	{regexp.MustCompile(`(?:(?:\p{Lu}[\p{L}-]*|(?i:am|an der|an den|auf der|im|in der|zum|zur|alte|neue)) ){0,2}(?:\p{Lu}[\p{L}-]*(?:straße|strasse|str\.|str|weg|platz|allee|gasse|damm|ufer|stieg|chaussee)|Straße|Strasse|Str\.|Weg|Platz|Allee|Gasse|Damm|Ufer|Ring|straat|laan|gracht) ?[0-9]{1,4} ?(?:[a-hA-H]\b)?` + town),
		[]string{"str", "weg", "platz", "allee", "gasse", "damm", "ufer", "stieg", "chaussee", "ring", "laan", "gracht"}, anywhere},
	{regexp.MustCompile(`\p{Lu}[\p{L}-]*(?:straat|laan|gracht|plein|gatan|vägen|gade|vej) [0-9]{1,4} ?(?:[a-zA-Z]\b)?` + town),
		[]string{"straat", "laan", "gracht", "plein", "gatan", "vägen", "gade", "vej"}, anywhere},
	{regexp.MustCompile(`\bAm \p{Lu}\p{L}+ [0-9]{1,4}[a-h]?\b` + town),
		[]string{"am "}, anywhere},
	// 12 bis, rue de la Paix
	{regexp.MustCompile(`(?i:\b[0-9]{1,4}(?: ?(?:bis|ter))?,? (?:rue|avenue|av\.|boulevard|bd|place|chemin|allée|impasse|quai|route|cours)) ` + propers + town),
		[]string{"rue", "avenue", "av.", "boulevard", "bd", "place", "chemin", "allée", "impasse", "quai", "route", "cours"}, atStart | atEnd},
	// Calle de Alcalá, 45 and Via Roma 3
	{regexp.MustCompile(`\b(?i:calle|c/|avenida|avda\.?|av\.|plaza|paseo|carrer|via|viale|piazza|corso|largo|rua|r\.|praça|travessa|ul\.|ulica) ?` + propers + `,? ?(?i:n[ºo°]?\.? ?)?[0-9]{1,4}(?:, ?[0-9]{1,2}[ºª°][A-Za-z]?)?` + town),
		[]string{"calle", "c/", "avenida", "avda", "av.", "av ", "plaza", "paseo", "carrer", "via", "piazza", "corso", "largo", "rua", "r.", "praça", "travessa", "ul.", "ulica"}, atStart},
	// 北京市朝阳区建国路88号3栋
	{regexp.MustCompile(`\p{Han}{1,24}(?:路|街|大道|道|巷|弄|里|村|段)(?:[0-9０-９]+[号號弄巷])(?:[0-9０-９A-Za-z]*(?:号楼|栋|幢|座|单元|單元|楼|樓|层|層|室|房|号|號)|之[0-9]+)*`),
		[]string{"号", "號", "弄", "巷"}, anywhere},
	// 〒150-0001 東京都渋谷区神宮前1-2-3
	{regexp.MustCompile(`〒 ?[0-9０-９]{3}[-－]?[0-9０-９]{4}`),
		[]string{"〒"}, anywhere},
	{regexp.MustCompile(`(?:〒? ?[0-9０-９]{3}[-－][0-9０-９]{4} ?)?(?:東京都|北海道|(?:京都|大阪)府|\p{Han}{2,3}県)[\p{Han}\p{Katakana}ー々ヶケの]+[0-9０-９][\p{Han}ー々0-9０-９－\-]*`),
		[]string{"都", "道", "府", "県"}, anywhere},
	// 서울특별시 강남구 테헤란로 152
	{regexp.MustCompile(`(?:\p{Hangul}+(?:시|도|군|구) )*\p{Hangul}+(?:로|길) ?[0-9]+(?:-[0-9]+)?(?: [0-9]+(?:동|호|층))*`),
		[]string{"로", "길"}, anywhere},
	// ул. Ленина, д. 5, кв. 12
	{regexp.MustCompile(`(?i:(?:ул\.?|улица|пр\.|проспект|пер\.|переулок)) ?\p{Lu}[\p{L}-]+(?: \p{Lu}[\p{L}-]+)?,? ?(?i:д\.? ?|дом )?[0-9]+(?:,? ?(?i:кв\.? ?|квартира )[0-9]+)?`),
		[]string{"ул", "пр", "пер"}, anywhere},
}

const (
	// town is the rest of an address on the same line: postcode and place.
	town = `(?:,? (?:[A-Z]{1,2}-)?[0-9]{4,6}(?:-[0-9]{3,4})? \p{Lu}[\p{L}'’-]+(?: (?:am|an der|upon|sur|de|la) \p{Lu}[\p{L}-]+)?|, \p{Lu}[\p{L}'’-]+(?: \p{Lu}[\p{L}-]+)?,? (?:[A-Z]{2},? )?(?:[0-9]{5}(?:-[0-9]{4})?|[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}))?`
	// propers are words with capitals and the small words between them.
	propers = `(?:(?i:de las?|de los|des?|du|del?|dell[aeo']?|di|da|dos?|la|le|les|l'|d'|l’|d’) ?){0,2}\p{Lu}[\p{L}'’-]*(?: (?:(?i:de las?|de los|des?|du|del?|della|di|da|dos?|la|le|les|l'|d'|l’|d’|et|y|e) ?){0,2}\p{Lu}[\p{L}'’-]*){0,3}`
)

// townLine is what follows a street on a line of its own.
var townLine = regexp.MustCompile(`^(?:(?:[A-Z]{1,2}-)?[0-9]{4,6}(?:-[0-9]{3,4})? \p{Lu}[\p{L}'’ -]*|\p{Lu}[\p{L}'’ -]*,? (?:[A-Z]{2},? )?(?:[0-9]{5}(?:-[0-9]{4})?|[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}))[.,]?$`)

// beforeAddress are the words that lead to a Chinese address.
const beforeAddress = "到至往在是为為址于寄住送：，了"

// places finds addresses on a line.
func places(line string, found func(from, to int)) {
	if !strings.ContainsFunc(line, unicode.IsDigit) {
		return
	}
	lower := strings.ToLower(line)
	for _, x := range streetForms {
		if !x.worth(lower) {
			continue
		}
		for _, m := range x.re.FindAllStringIndex(line, -1) {
			from, to := m[0], m[1]
			if i := strings.LastIndexAny(line[from:to], beforeAddress); i >= 0 {
				for j := range line[from+i:] { // after the word, whatever it is long
					if j > 0 {
						from += i + j
						break
					}
				}
			}
			from += len(line[from:to]) - len(strings.TrimLeft(line[from:to], " "))
			found(from, from+len(strings.TrimRight(line[from:to], " ")))
		}
	}
}

var (
	ibanForm = regexp.MustCompile(`\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b`)
	cardForm = regexp.MustCompile(`\b[0-9](?:[ -]?[0-9]){12,18}\b`)
)

// accounts finds bank accounts and cards whose check digits are right: a whole
// one is one fact, however it is spaced.
func accounts(line string, found func(from, to int)) {
	if countDigits(line) < 10 {
		return
	}
	iban, card := accountAt(line)
	if iban {
		for _, m := range ibanForm.FindAllStringIndex(line, -1) {
			// What follows may look like a part of it: the longest that is right.
			for to := m[1]; to > m[0]+14; to-- {
				if isIBAN(strings.ReplaceAll(line[m[0]:to], " ", "")) {
					found(m[0], to)
					break
				}
			}
		}
	}
	if card {
		for _, m := range cardForm.FindAllStringIndex(line, -1) {
			if luhn(line[m[0]:m[1]]) {
				found(m[0], m[1])
			}
		}
	}
}

// accountAt tells whether a line may hold either: two capitals and two digits
// that begin a word, and thirteen digits no more than a sign apart.
func accountAt(line string) (iban, card bool) {
	digit := func(i int) bool { return i < len(line) && line[i] >= '0' && line[i] <= '9' }
	capital := func(i int) bool { return line[i] >= 'A' && line[i] <= 'Z' }
	run := 0
	for i := range len(line) {
		if digit(i) {
			run++
			card = card || run >= 13
			continue
		}
		if line[i] != ' ' && line[i] != '-' || i > 0 && !digit(i-1) {
			run = 0
		}
		iban = iban || capital(i) && (i == 0 || !wordByte(line[i-1])) && digit(i+2) && digit(i+3) && capital(i+1)
	}
	return iban, card
}

func isIBAN(s string) bool {
	if len(s) < 15 || len(s) > 34 {
		return false
	}
	rest := 0
	for _, r := range s[4:] + s[:4] {
		switch {
		case r >= '0' && r <= '9':
			rest = (rest*10 + int(r-'0')) % 97
		case r >= 'A' && r <= 'Z':
			rest = (rest*100 + int(r-'A') + 10) % 97
		default:
			return false
		}
	}
	return rest == 1
}

func luhn(s string) bool {
	sum, double := 0, false
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] < '0' || s[i] > '9' {
			continue
		}
		d := int(s[i] - '0')
		if double {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
		double = !double
	}
	return sum%10 == 0
}
