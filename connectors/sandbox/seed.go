package sandbox

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"helloworld/connectors"
)

type site struct{ marketplace, name, country, currency, locale, domain string }

// sites are what a store is if its spec says no more than platform and language.
var sites = map[string]map[string]site{
	Ebay: {
		"de": {"EBAY_DE", "eBay.de", "DE", "EUR", "de_DE", "www.ebay.example"},
		"en": {"EBAY_US", "eBay.com", "US", "USD", "en_US", "www.ebay.example"},
		"ja": {"EBAY_US", "eBay.com", "US", "USD", "en_US", "www.ebay.example"},
	},
	Amazon: {
		"de": {"A1PA6795UKMFR9", "Amazon.de", "DE", "EUR", "de_DE", "www.amazon.example"},
		"en": {"ATVPDKIKX0DER", "Amazon.com", "US", "USD", "en_US", "www.amazon.example"},
		"ja": {"A1VC38T7YXB528", "Amazon.co.jp", "JP", "JPY", "ja_JP", "www.amazon.example"},
	},
	Woo: {
		"de": {"", "", "DE", "EUR", "de-DE", "shop.example"},
		"en": {"", "", "ES", "EUR", "en-GB", "shop.example"},
		"ja": {"", "", "JP", "JPY", "ja-JP", "shop.example"},
	},
	Shopify: {
		"de": {"", "", "DE", "EUR", "de-DE", "shop.example"},
		"en": {"", "", "US", "USD", "en-US", "shop.example"},
		"ja": {"", "", "JP", "JPY", "ja-JP", "shop.example"},
	},
}

func (s *store) site() site { return sites[s.Platform][s.Language] }

type product struct {
	sku   string
	title map[string]string
	// cents is the price in a currency with hundredths, yen the one without.
	cents, yen int64
}

var products = []product{
	{"LAMP-OAK-01", map[string]string{"de": "Tischlampe Eiche, dimmbar", "ja": "オーク材 テーブルランプ 調光対応", "en": "Oak table lamp, dimmable"}, 3490, 5200},
	{"MUG-BLUE-2", map[string]string{"de": "Keramikbecher blau, 2er-Set", "ja": "陶器マグカップ 青 2個セット", "en": "Blue ceramic mug, set of 2"}, 1250, 1980},
	{"HEADPHONE-X3", map[string]string{"de": "Bluetooth-Kopfhörer X3", "ja": "ワイヤレスヘッドホン X3", "en": "Wireless headphones X3"}, 5990, 8800},
	{"KNIFE-CHEF-20", map[string]string{"de": "Kochmesser 20 cm", "ja": "牛刀 20cm", "en": "Chef's knife, 20 cm"}, 4500, 6900},
	{"SCARF-WOOL-G", map[string]string{"de": "Wollschal grün", "ja": "ウールマフラー 緑", "en": "Green wool scarf"}, 2499, 3800},
	{"CABLE-USBC-2M", map[string]string{"de": "USB-C-Kabel 2 m", "ja": "USB-Cケーブル 2m", "en": "USB-C cable, 2 m"}, 899, 1280},
	{"TEA-SENCHA-100", map[string]string{"de": "Sencha-Tee 100 g", "ja": "煎茶 100g", "en": "Sencha tea, 100 g"}, 1500, 1620},
	{"TOY-ROBOT-1", map[string]string{"de": "Spielzeugroboter aus Blech", "ja": "ブリキのロボット", "en": "Tin toy robot"}, 2750, 4200},
	{"NOTEBOOK-A5", map[string]string{"de": "Notizbuch A5, kariert", "ja": "A5ノート 方眼", "en": "A5 notebook, squared"}, 990, 1100},
	{"BACKPACK-22L", map[string]string{"de": "Rucksack 22 l, wasserdicht", "ja": "防水リュック 22L", "en": "Waterproof backpack, 22 l"}, 6900, 9800},
}

var people = map[string][][3]string{ // given name, family name, city: all invented
	"de": {{"Erika", "Beispiel", "Musterstadt"}, {"Max", "Muster", "Beispielhausen"}, {"Lena", "Probe", "Musterstadt"}, {"Jonas", "Vorlage", "Probedorf"}, {"Mia", "Attrappe", "Testheim"}},
	"ja": {{"花子", "見本", "東京都"}, {"太郎", "例示", "大阪市"}, {"美咲", "試作", "名古屋市"}, {"健太", "仮名", "札幌市"}, {"さくら", "雛形", "福岡市"}},
	"en": {{"Jamie", "Example", "Sampleton"}, {"Alex", "Sample", "Testville"}, {"Robin", "Placeholder", "Exampleburg"}, {"Sam", "Dummy", "Sampleton"}, {"Casey", "Fixture", "Mocktown"}},
}

const (
	clientID     = "sandbox-app"
	clientSecret = "sandbox-app-secret"
	mailPassword = "sandbox-mail-password"
	// aliases is the domain of the addresses behind which Amazon hides buyers.
	aliases = "marketplace.amazon.example"
)

func (sp StoreSpec) address() string { return "service@" + sp.Name + ".example" }

func (w *World) newStore(spec StoreSpec) *store {
	s := &store{StoreSpec: spec, w: w, touched: map[int]*order{}, recent: map[int]*order{}, names: map[string]int{}, bySKU: map[string]*item{}, itemOf: map[string]*item{},
		rets: map[string]*ret{}, buyers: map[string]*buyer{}, replays: map[string]replay{}, docs: map[string]*document{}, senders: map[string]bool{}, faults: &faults{},
		limits: &limits{on: w.o.RateLimits}}
	s.auth = newAuth(s)
	rng := w.chance("store " + spec.Name)
	switch spec.Platform {
	case Ebay:
		s.seller = strings.ReplaceAll(spec.Name, "-", "_") + "_seller"
	case Amazon:
		s.seller = "A" + alnum(rng, 13)
	case Woo:
		s.seller = spec.Name + ".example"
	default:
		s.seller = spec.Name + ".myshopify.example"
	}
	s.seeded, s.born, s.luck = max(spec.Orders, 0), w.bornAt(), rng.Uint64()
	s.serial = int64(s.seeded)
	s.stock(s.born)
	s.seedReturns()
	return s
}

// firstNumber is what the numbers of new orders begin with.
func (s *store) firstNumber() int64 {
	if s.seeded > 80_000 {
		return 10_000_000
	}
	return 90_000
}

// blank is an order without contents. Its ids depend on n alone.
func (s *store) blank(n int64, number string, at time.Time) *order {
	o := &order{number: number, created: at, updated: at, currency: s.Currency, status: shipped}
	// Shopify's real ids stay below 2^53, but nothing promises that: these do not.
	o.legacy = strconv.FormatInt(firstOrder+n*7, 10)
	switch s.Platform {
	case Ebay:
		o.id = ebayOrderID(n)
	case Amazon:
		o.id = amazonOrderID(n)
		switch {
		case strings.Count(number, "-") == 2:
			o.id = number
		case number == "": // on Amazon the id is what people call an order by
			o.number = o.id
		}
	case Woo:
		o.id = strconv.FormatInt(firstWoo+n*7, 10)
		o.number = orElse(number, o.id)
	default:
		o.id = o.legacy
	}
	o.pay = strconv.FormatInt(firstPay+n*7, 10)
	return o
}

func (s *store) lineID(n int64, i int) string {
	return strconv.FormatInt(firstLine[s.Platform]+n*10+int64(i), 10)
}

func (s *store) itemID(p int) string {
	if s.Platform == Amazon {
		return fmt.Sprintf("B0SANDBX%02d", p)
	}
	return strconv.Itoa(285500000000 + p*13)
}

func (s *store) newBuyer(n int) *buyer {
	who := people[s.Language][n%len(people[s.Language])]
	country := map[string]string{"de": "DE", "ja": "JP", "en": "US"}[s.Language]
	b := &buyer{n: n, lang: s.Language, country: country, city: who[2], street: fmt.Sprintf("%d Example Street", 1+n%90), zip: fmt.Sprintf("%05d", 10000+n%80000)}
	b.name = who[0] + " " + who[1]
	switch s.Language {
	case "ja":
		b.name, b.street, b.zip = who[1]+" "+who[0], fmt.Sprintf("見本町%d-%d", 1+n%9, 1+n%20), fmt.Sprintf("%03d-%04d", 100+n%800, n%10000)
	case "de":
		b.street = fmt.Sprintf("Musterweg %d", 1+n%90)
	}
	b.username = fmt.Sprintf("%s_%s_%d", map[string]string{"de": "kaeufer", "ja": "kaite", "en": "buyer"}[s.Language], string('a'+rune(n%26)), 100+n)
	switch s.Platform {
	case Ebay:
		b.id = b.username
		b.email = b.username + "@members.example.com"
	case Amazon:
		b.email = s.alias(n)
		b.id = b.email
	default:
		b.id = strconv.FormatInt(firstBuyer+int64(n), 10)
		b.email = b.username + "@example.com"
	}
	return b
}

func alnum(r *rand.Rand, n int) string {
	const letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
	b := make([]byte, n)
	for i := range b {
		b[i] = letters[r.IntN(len(letters))]
	}
	return string(b)
}

// seedOrder makes the order with this ordinal, as often as it is asked the same.
func (s *store) seedOrder(ord int) *order {
	n, i := int64(ord)+1, s.seeded-1-ord
	at, updated := s.times(ord)
	o := s.blank(n, s.orderNumber(i), at)
	o.ord, o.updated = ord, updated
	o.buyer = s.newBuyer(i)
	chance := mix(s.luck+1, uint64(ord))
	count := 1 + (i+1)%3
	for k := range count {
		p := (i + k*3) % len(products)
		l := &line{id: s.lineID(n, k), sku: products[p].sku, item: s.itemID(p), title: products[p].title[s.Language], qty: 1 + int(chance>>k&1)*(k%2), image: p}
		unit := products[p].cents
		if connectors.Exponent(s.Currency) == 0 {
			unit = products[p].yen
		}
		l.price = unit * int64(l.qty)
		if k == 0 {
			l.ship = map[string]int64{"EUR": 499, "USD": 799, "JPY": 550}[s.Currency]
		}
		switch s.Platform { // German prices contain the tax; the others add it
		case Shopify:
			l.tax = (l.price*95 + 500) / 1000
		case Amazon:
			l.tax = (l.price + l.ship) / 10
		case Woo:
			l.tax = (l.price*21 + 50) / 100
		}
		o.lines = append(o.lines, l)
	}
	if i == 0 {
		s.famous(o)
	} else {
		o.status = []string{shipped, delivered, shipped, unshipped, delivered, cancelled, delivered, partly}[i%8]
		if o.status == partly && len(o.lines) < 2 {
			o.status = shipped
		}
	}
	switch {
	case i%8 == 6: // part of it was given back already
		l := o.lines[0]
		r := &refund{id: s.seededRefund(n, 0), at: o.updated, settled: o.updated, amount: l.price / 2, note: "goodwill", tx: s.seededRefund(n, 1)}
		r.parts = []part{{line: l, amount: r.amount, price: r.amount}}
		o.refunds = append(o.refunds, r)
	case o.status == cancelled:
		r := &refund{id: s.seededRefund(n, 0), at: o.updated, settled: o.updated, amount: o.total(), tx: s.seededRefund(n, 1)}
		for _, l := range o.lines {
			r.parts = append(r.parts, part{line: l, qty: l.qty, amount: l.total(), price: l.price, tax: l.tax, ship: l.ship, restock: "CANCEL"})
		}
		o.refunds = append(o.refunds, r)
	}
	s.stow(o)
	return o
}

// famous makes the one order that people, stories and documentation name.
func (s *store) famous(o *order) {
	o.status = delivered
	first, second := o.lines[0], o.lines[1]
	first.qty, second.qty = 1, 1
	switch {
	case s.Platform == Shopify && s.Currency == "USD": // 59.90 in all
		first.price, first.tax, first.ship = 3490, 332, 799
		second.price, second.tax, second.ship = 1250, 119, 0
	case s.Currency == "EUR": // 44.98 in all
		first.price, first.tax, first.ship = 2499, 0, 499
		second.price, second.tax, second.ship = 1500, 0, 0
	}
}

// refundID is an id for a refund or a payment of one.
func (s *store) refundID() string { return s.refundNumber(s.next()) }

// seededRefund is the id of a refund that was there from the start, or of its
// payment.
func (s *store) seededRefund(n int64, i int64) string {
	return s.refundNumber(seededRefund + 2*n + i)
}

func (s *store) refundNumber(n int64) string {
	if s.Platform == Ebay {
		return strconv.FormatInt(5033000000+n, 10)
	}
	return strconv.FormatInt(firstRefund+n, 10)
}
