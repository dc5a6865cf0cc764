// Package lint reads an answer to a buyer as its marketplace would, before it is
// sent: links, contact details, payment past the platform, advertising, bought
// reviews, length, language and form.
//
// # Why
//
// A marketplace that finds such things takes away the seller's messages or the
// account, and a translation engine can bring them in as well as a person. What a
// platform forbids outright blocks; what it frowns upon, or where these rules can
// be wrong, is for a person to judge. A rule that cries at harmless answers is
// switched off in people's heads, so words count only together with what makes
// them an offence: "review" beside a reward, a number that reads as a telephone.
package lint

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"

	"helloworld/glossary"
	"helloworld/i18n/translate"
)

// Subject is an answer as the buyer would read it.
type Subject struct {
	// Platform is the marketplace; one that is not known gets every rule, as a
	// matter for review.
	Platform string
	Text     string
	// Lang is the text's, Preferred the one the buyer wants; und says nothing.
	Lang, Preferred language.Tag
	// Order is the order's number, which is no telephone number.
	Order string
	// Max is how many letters the shop takes; 0 leaves it to the platform's rule.
	Max int
	// OwnDomains are the seller's own sites. They count where the shop is one of
	// them, and not on a marketplace.
	OwnDomains []string
}

// Finding is a rule that an answer goes against.
type Finding struct {
	Severity translate.Severity
	// Rule is its stable name; the sentence is the catalogue's "finding." and the name.
	Rule string
	// What is the piece of text, or the figure, that it is about.
	What string
}

// The rules.
const (
	Link      = "lint.link"
	Shortener = "lint.shortener"
	Contact   = "lint.contact"
	Payment   = "lint.payment"
	Promotion = "lint.promotion"
	Incentive = "lint.incentive"
	Praise    = "lint.praise"
	Removal   = "lint.removal"
	Length    = "lint.length"
	Language  = "lint.language"
	Markup    = "lint.markup"
	Emoji     = "lint.emoji"
	Capitals  = "lint.capitals"
)

// Rules are all of them.
var Rules = []string{Link, Shortener, Contact, Payment, Promotion, Incentive, Praise, Removal, Length, Language, Markup, Emoji, Capitals}

// policy is what a platform asks; a rule without a severity does not hold there.
type policy struct {
	grave map[string]translate.Severity
	// host is the name of its own sites, before their country; pages are where on
	// them a link may lead, empty for anywhere.
	host  string
	pages []string
	// own: the shop is the seller's own site.
	own bool
	// max is how many letters a message may have.
	max int
}

var policies = map[string]policy{
	"amazon": {host: "amazon", max: 2000, grave: map[string]translate.Severity{
		Link: translate.Block, Shortener: translate.Block, Contact: translate.Block, Payment: translate.Block, Promotion: translate.Block,
		Incentive: translate.Block, Praise: translate.Block, Removal: translate.Block, Markup: translate.Block,
		// Two ways lead to a buyer there, and only one of them has this limit.
		Length: translate.Review, Language: translate.Review, Emoji: translate.Review, Capitals: translate.Review},
		pages: []string{"/gp/help", "/help", "/hz/contact-us", "/contact-us", "/gp/your-account", "/gp/css", "/your-orders", "/order",
			"/returns", "/spr/returns", "/progress-tracker", "/gp/orc", "/gp/buyer", "/your-account"}},
	"ebay": {host: "ebay", max: 2000, grave: map[string]translate.Severity{
		Link: translate.Block, Shortener: translate.Block, Contact: translate.Block, Payment: translate.Block, Promotion: translate.Review,
		Incentive: translate.Block, Praise: translate.Review, Removal: translate.Review, Markup: translate.Review,
		Length: translate.Block, Language: translate.Review, Capitals: translate.Review}},
	"shopify":     ownShop,
	"woocommerce": ownShop,
}

// ownShop: nobody stands between seller and buyer, so that only what harms the
// mail or the law is left.
var ownShop = policy{own: true, grave: map[string]translate.Severity{
	Shortener: translate.Review, Payment: translate.Review, Incentive: translate.Block, Removal: translate.Review,
	Markup: translate.Review, Language: translate.Review, Length: translate.Block, Capitals: translate.Review}}

// unknown is for a platform that nobody has described yet.
var unknown = func() policy {
	p := policy{max: 2000, grave: map[string]translate.Severity{}}
	for _, r := range Rules {
		p.grave[r] = translate.Review
	}
	p.grave[Incentive] = translate.Block
	return p
}()

// Check lists what an answer goes against, what matters most first.
func Check(s Subject) []Finding {
	p, ok := policies[strings.ToLower(s.Platform)]
	if !ok {
		p = unknown
	}
	var out []Finding
	add := func(rule, what string) {
		f := Finding{p.grave[rule], rule, short(what)}
		if f.Severity != "" && !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	folded := glossary.Fold(s.Text)
	// What is found in the folded text is shown as it was written, so that a person
	// finds it again.
	quote := func(rule, what string) { add(rule, glossary.AsWritten(s.Text, what)) }
	rest := links(folded, p, s.OwnDomains, quote)
	contacts(rest, s.Order, quote)
	words(folded, quote)
	form(s, p, add)
	slices.SortStableFunc(out, func(a, b Finding) int { return rank(a.Severity) - rank(b.Severity) })
	return out
}

func rank(s translate.Severity) int {
	return slices.Index([]translate.Severity{translate.Block, translate.Review, translate.Note}, s)
}

// longest is how many letters of the text a finding repeats.
const longest = 60

func short(s string) string {
	s = strings.TrimSpace(s)
	if r := []rune(s); len(r) > longest {
		return string(r[:longest]) + "…"
	}
	return s
}

// form looks at how it is written rather than what it says.
func form(s Subject, p policy, add func(rule, what string)) {
	most := s.Max
	if most == 0 {
		most = p.max
	}
	if n := utf8.RuneCountInString(s.Text); most > 0 && n > most {
		add(Length, figure(n)+" / "+figure(most))
	}
	if s.Lang != language.Und && s.Preferred != language.Und && tongue(s.Lang) != tongue(s.Preferred) {
		add(Language, s.Preferred.String())
	}
	if m := markup.FindString(s.Text); m != "" {
		add(Markup, m)
	}
	if i := strings.IndexFunc(s.Text, isEmoji); i >= 0 {
		r, _ := utf8.DecodeRuneInString(s.Text[i:])
		add(Emoji, string(r))
	}
	if m := shouted(s.Text); m != "" {
		add(Capitals, m)
	}
}

// tongue is a language as far as a reader minds: Chinese in the two ways of
// writing it are two.
func tongue(t language.Tag) string {
	b, _ := t.Base()
	if b.String() != "zh" {
		return b.String()
	}
	script, _ := t.Script()
	return "zh-" + script.String()
}

func isEmoji(r rune) bool {
	return r >= 0x1F300 && r <= 0x1FAFF || r >= 0x1F1E6 && r <= 0x1F1FF || r >= 0x2600 && r <= 0x27BF && r != '✓' && r != '✔' || r == 0xFE0F || r == 0x2B50
}

// shouted is a run of three or more words in capitals. Names of models and sizes
// have digits or are alone.
func shouted(s string) string {
	var run []string
	letters := 0
	best := ""
	end := func() {
		if len(run) >= 3 && letters >= 12 && best == "" {
			best = strings.Join(run, " ")
		}
		run, letters = nil, 0
	}
	for _, w := range strings.Fields(s) {
		var upper, lower, digits int
		for _, r := range w {
			switch {
			case unicode.IsUpper(r):
				upper++
			case unicode.IsLetter(r):
				lower++
			case unicode.IsDigit(r):
				digits++
			}
		}
		switch {
		case lower > 0 || digits > 0:
			end()
		case upper > 0:
			run, letters = append(run, w), letters+upper
		}
	}
	end()
	return best
}
