package lint

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

func figure(n int) string { return strconv.Itoa(n) }

var (
	// tails end a site's name wherever it stands. What is also a word of some
	// language ("arrived.it was") counts only with more of an address around it.
	tails = `(?:com|net|org|info|biz|io|shop|store|online|site|top|xyz|vip|app|dev|link|club|de|fr|co\.uk|uk|jp|co\.jp|cn|com\.cn|eu|nl|pl|ca|com\.au|com\.br|com\.mx|ru|kr|co\.kr|se|ly|gl|cc|gg)`
	site  = regexp.MustCompile(`(?:https?|hxxps?)\s?:\s?//[^\s<>"，；（）]+|\bwww\.[^\s<>"，；（）]+|\b(?:[a-z0-9-]+\.)+[a-z]{2,6}/[^\s<>"，；（）]*|\b(?:[a-z0-9-]+\.)+` + tails + `\b`)
	// spelt is a site whose dot is a word: "myshop dot com".
	spelt = regexp.MustCompile(`\b[a-z0-9-]{2,} ?(?:\(dot\)|\[dot\]|\{dot\}|\bdot\b|\bpunkt\b|点|點) ?(?:com|net|org|shop|store|cn|de|io)\b`)

	shorteners = []string{"bit.ly", "goo.gl", "t.co", "tinyurl.com", "ow.ly", "is.gd", "amzn.to", "ebay.us", "t.cn", "dwz.cn", "url.cn", "u.nu",
		"cutt.ly", "rb.gy", "shorturl.at", "buff.ly", "rebrand.ly", "t.ly", "v.gd", "lnkd.in", "s.id", "suo.im"}
	// talkers are sites whose address is a way to reach somebody.
	talkers = []string{"wa.me", "api.whatsapp.com", "whatsapp.com", "chat.whatsapp.com", "t.me", "telegram.me", "line.me", "lin.ee", "m.me", "u.wechat.com", "discord.gg", "ig.me"}
)

// links judges the addresses of a text, and gives back the text without them, so
// that nothing in them is taken for something else.
func links(text string, p policy, own []string, add func(rule, what string)) string {
	mails := text
	for _, re := range emails {
		mails = re.ReplaceAllStringFunc(mails, func(m string) string { return strings.Repeat("\x00", len(m)) })
	}
	keep := []byte(text)
	for _, re := range []*regexp.Regexp{site, spelt} {
		for _, m := range re.FindAllStringIndex(mails, -1) {
			found := strings.TrimRight(text[m[0]:m[1]], `.,;:!?)'"`)
			for i := range len(found) {
				keep[m[0]+i] = ' '
			}
			judge(found, p, own, add)
		}
	}
	return string(keep)
}

func judge(found string, p policy, own []string, add func(rule, what string)) {
	host, page := found, ""
	if _, after, ok := strings.Cut(host, "//"); ok {
		host = after
	}
	if i := strings.IndexAny(host, "/?#"); i >= 0 {
		host, page = host[:i], host[i:]
	}
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		host = host[i+1:] // what stands before it only looks like the site
	}
	host, _, _ = strings.Cut(host, ":")
	host = strings.TrimPrefix(host, "www.")
	switch {
	case oneOf(host, talkers):
		add(Contact, found)
	case oneOf(host, shorteners):
		add(Shortener, found)
	case p.own:
	case p.host != "" && ofPlatform(host, p.host) && allowedPage(page, p.pages):
	case p.host == "" && oneOf(host, own):
	default:
		add(Link, found)
	}
}

func oneOf(host string, list []string) bool {
	for _, h := range list {
		h = strings.ToLower(h)
		if h != "" && (host == h || strings.HasSuffix(host, "."+h)) {
			return true
		}
	}
	return false
}

var country = regexp.MustCompile(`^(?:com|[a-z]{2}|(?:com|co)\.[a-z]{2})$`)

// ofPlatform: amazon.de, sellercentral.amazon.co.jp; not amazon.de.example.com,
// and not a-amazon.com.
func ofPlatform(host, name string) bool {
	parts := strings.Split(host, ".")
	for i, p := range parts {
		if p == name && country.MatchString(strings.Join(parts[i+1:], ".")) {
			return true
		}
	}
	return false
}

func allowedPage(page string, pages []string) bool {
	if page == "" || page == "/" || len(pages) == 0 {
		return true
	}
	for _, p := range pages {
		if strings.HasPrefix(page, p) {
			return true
		}
	}
	return false
}

const (
	providers = `(?:gmail|googlemail|outlook|hotmail|yahoo|icloud|protonmail|proton|gmx|web|qq|163|126|foxmail|naver|mail|yandex|libero|orange|live|aol|t-online)`
	atWord    = `(?:[(\[{<*_-] ?(?:at|arroba|chez|собака|ät|a t) ?[)\]}>*_-]|艾特|小老鼠|圈a|アットマーク|골뱅이)`
	// mailbox is what stands before the @, mailLetter makes up the host: letters of
	// scripts that put spaces between words, or the sentence around an address would
	// be part of it.
	mailbox    = `[\p{Latin}\p{Cyrillic}0-9][\p{Latin}\p{Cyrillic}0-9._%+-]*`
	mailLetter = `[\p{Latin}\p{Cyrillic}0-9-]`
	dotWord    = `(?:\.|[(\[{<] ?(?:dot|punkt|point|punto|ponto|точка|\.) ?[)\]}>]|\bdot\b|\bpunkt\b|\bpoint\b|\bpunto\b|\bponto\b|точка|点|點|ドット|닷)`
)

// emails are tried in this order; what one finds the next does not see.
var emails = slices.Concat(
	[]*regexp.Regexp{regexp.MustCompile(mailbox + `@` + mailLetter + `+(?:\.` + mailLetter + `{2,})+`)},
	addresses(mailbox, mailLetter),
	// What is left may be in any letters: better the sentence with it than nothing.
	addresses(`[\p{L}\p{N}._%+-]+`, `[\p{L}\p{N}-]`),
)

// addresses are the ways to write one down, of a mailbox and letters of a host.
func addresses(box, letter string) []*regexp.Regexp {
	return []*regexp.Regexp{
		regexp.MustCompile(box + ` ?@ ?` + letter + `+(?: ?\. ?` + letter + `{2,})+`),
		regexp.MustCompile(box + ` ?` + atWord + ` ?` + letter + `+ ?` + dotWord + ` ?[a-z]{2,4}\b`),
		// A bare "at" is a word; only a known provider after it makes an address.
		regexp.MustCompile(box + ` ?(?:@|\bat\b|\barroba\b|собака) ?` + providers + ` ?` + dotWord + ` ?(?:com|net|de|fr|es|it|cn|jp|co|ru|kr|me)\b`),
	}
}

var messengers = regexp.MustCompile(`whats ?-?app|wats ?app|we ?chat\b|weixin|微信(?:[^支付转]|$)|[薇威卫]信|加[vⅴ]\b|\bv ?信|\bvx\b ?[:号]?|電報群|电报|telegram\b|телеграм|ватсап|вотсап|вайбер|viber\b|\bskype\b|kakao ?talk|카카오톡|카톡|扣扣|` +
	`\bqq ?[:号群]? ?\d{5,}|加 ?(?:我|我们)?(?:的)? ?qq|\bline ?(?:id|@)\b|\bline ?: ?@?[a-z0-9_.-]{3,}|(?:\b(?:on|via|auf|par|sur|por|su)|über) line\b ?(?:app|[:(@])|(?:公式)?line ?(?:で|に|の(?:id|友)|追加|登録)|ライン ?(?:id|で(?:ご連絡|連絡)|追加)|라인 ?(?:아이디|id)|` +
	`(?:facebook|instagram|fb) ?(?:messenger|dm\b|: ?@?[a-z0-9_.]{3,})|скайп`)

// called are words that make a number beside them a telephone's.
const called = `(?:\bphone(?: number)?|\btel(?:efon(?:nummer)?|éfono|efono|efone|éphone)?\b\.?|\bmobile\b|\bcell\b|\bcall(?: us| me)?(?: at| on)?|\bhandy(?:nummer)?|\brufen sie(?: uns)?(?: an)?|\bappelez(?:-nous)?(?: au)?|\bllám[ae]nos(?: al)?|\bchiam(?:aci|ateci)(?: al)?|\bligue(?: para)?|电话|電話(?:番号)?|手机|手機|致电|热线|전화(?:번호)?|телефон|звоните|hotline|whatsapp)`

var (
	phones = []*regexp.Regexp{
		regexp.MustCompile(`(?:\+|\b00)[1-9][0-9]{0,2}[ ().0-9/-]{5,20}[0-9]`),
		regexp.MustCompile(called + `[^0-9+\n]{0,12}\+?[0-9][0-9 ()./-]{5,18}[0-9]`),
		regexp.MustCompile(`\b0[0-9]{2,5} ?[ /-] ?[0-9]{2,5}(?:[ -]?[0-9]{2,6}){1,3}\b`),
		regexp.MustCompile(`\([0-9]{3}\) ?[0-9]{3}[ -.][0-9]{4}\b|\b[0-9]{3}[-.][0-9]{3}[-.][0-9]{4}\b`),
		regexp.MustCompile(`(?:^|[^0-9a-z-])1[3-9][0-9](?:[ -]?[0-9]{4}){2}(?:[^0-9a-z-]|$)`),
		regexp.MustCompile(`\b[0-9](?:[ ._*-][0-9]){7,14}\b`),
		regexp.MustCompile(`(?:[零〇一二三四五六七八九幺两][ ,-]?){8,}`),
		regexp.MustCompile(`(?:\b(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|double|null|eins|zwei|zwo|drei|vier|fünf|sechs|sieben|acht|neun)\b[ ,-]*){7,}`),
	}
	// numbered are numbers that are no telephone: orders, parcels, dates, amounts.
	numbered = regexp.MustCompile(`\b[0-9]{3}-[0-9]{7}-[0-9]{7}\b|\b[0-9]{2}-[0-9]{5}-[0-9]{5}\b|\b[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}(?: [0-9]{1,2}:[0-9]{2})?|\b[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{2,4}\b|#[a-z0-9-]+|\b[a-z]+[0-9][a-z0-9]{5,}\b|\b[0-9]+[a-z][a-z0-9]{4,}\b|` +
		`(?:tracking|track|parcel|shipment|package|sendungs|paket|sendung|suivi|colis|envío|seguimiento|spedizione|tracciamento|rastreio|rastreamento|encomenda|order|bestell|commande|pedido|ordine|заказ|трек|отправлени|return|rma|serial|sku|ean|订单|訂單|运单|運單|单号|快递|物流|包裹|追跡|注文|伝票|주문|운송장|송장|추적|dhl|ups|fedex|usps|hermes|dpd|gls)[^0-9+]{0,24}[0-9][0-9 -]{4,30}[0-9]`)
)

// contacts finds ways to reach somebody past the marketplace.
func contacts(text, order string, add func(rule, what string)) {
	for _, re := range emails {
		if m := re.FindString(text); m != "" {
			add(Contact, m)
			text = re.ReplaceAllString(text, " ")
		}
	}
	if m := messengers.FindString(text); m != "" {
		add(Contact, m)
	}
	if order = strings.ToLower(strings.TrimSpace(order)); utf8.RuneCountInString(order) >= 4 {
		text = strings.ReplaceAll(text, order, " ")
	}
	text = numbered.ReplaceAllString(text, " ")
	for _, re := range phones {
		if m := re.FindString(text); m != "" && !worded(m) {
			add(Contact, m)
			return
		}
	}
}

// worded: a run that has too few digits to be reached at, such as "+1 (2-3 days)".
func worded(m string) bool {
	n, letters := 0, 0
	for _, r := range m {
		switch {
		case r >= '0' && r <= '9':
			n++
		case r > ' ' && !strings.ContainsRune("+()./-_*", r):
			letters++
		}
	}
	return n > 0 && n < 7 || n == 0 && letters < 8
}
