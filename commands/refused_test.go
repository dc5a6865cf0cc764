package commands_test

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/language"

	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/bot/sync"
	"helloworld/commands"
	"helloworld/connectors"
	"helloworld/connectors/sandbox"
	"helloworld/i18n"
)

// TestRefused asks for refunds that cannot be, through the router, in both
// languages. Each is answered with one sentence that only the asker sees, nobody
// is asked, and nothing goes out.
func TestRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	eur := r.order(sandbox.NewOrder{Store: "ebay-de", Number: "5001", Total: "59.90"})
	jpy := r.order(sandbox.NewOrder{Store: "amazon-jp", Number: "250-1234567-7654321", Total: "1200"})
	r.order(sandbox.NewOrder{Store: "shopify-main", Number: "2001", Total: "12.345", Currency: "KWD"})
	r.order(sandbox.NewOrder{Store: "shopify-main", Number: "2002", Total: "20.00", Status: "cancelled"})
	r.order(sandbox.NewOrder{Store: "shopify-main", Number: "2003", Total: "20.00", Status: "unshipped"})
	old := r.order(sandbox.NewOrder{Store: "shopify-main", Number: "2004", Total: "20.00"})
	done := r.order(sandbox.NewOrder{Store: "shopify-main", Number: "2005", Total: "20.00"})
	r.order(sandbox.NewOrder{Store: "shopify-main", Number: "2006", Total: "20.00"})
	r.order(sandbox.NewOrder{Store: "shopify-main", Number: "4711", Total: "20.00"})
	r.order(sandbox.NewOrder{Store: "ebay-de", Number: "4711", Total: "20.00"})
	other := r.order(sandbox.NewOrder{Store: "ebay-us", Number: "9001", Total: "20.00"})
	if err := r.world.Stand(sandbox.Standing{Store: old.Store, Order: old.ID, Archived: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.world.PayBack(done.Store, done.ID, "20.00"); err != nil {
		t.Fatal(err)
	}
	// The desk knows the other shop's order; whoever asks does not see that shop.
	r.write(func(tx *store.Tx) error {
		_, err := sync.OrderBatch([]connectors.Order{{ID: other.ID, Number: other.Number, Total: other.Total}}).Save(tx, other.Store)
		return err
	})
	if _, at := r.say("anna", "/refund 2006 full damaged"); len(at) != 2 {
		t.Fatalf("one that is asked for goes on: %v", at)
	}
	paid := len(r.world.Ledger().Refunds)

	for _, tt := range []struct {
		name, text string
		key        i18n.Key
		args       []any
		// buttons is how many ways on the answer offers.
		buttons int
	}{
		{"nothing", "5001 0 damaged", "refund.not_positive", []any{"left", eur.Total.String()}, 0},
		{"nothing and cents", "5001 0.00 EUR damaged", "refund.not_positive", []any{"left", eur.Total.String()}, 0},
		{"less than nothing", "5001 -5 damaged", "refund.not_positive", []any{"left", eur.Total.String()}, 0},
		{"less than nothing, by a sign", "5001 -€5.00 damaged", "refund.figure", []any{"got", "-€5.00"}, 0},
		{"a thousand million", "5001 1000000000 damaged", "refund.too_much",
			[]any{"amount", "1000000000.00 EUR", "order", "ebay-de#5001", "left", eur.Total.String()}, 0},
		{"a thousand million, in short", "5001 1e9 damaged", "refund.figure", []any{"got", "1e9"}, 0},
		{"more than any sum", "5001 99999999999999999999 damaged", "amount.bad", []any{"got", "99999999999999999999", "currency", "EUR"}, 0},
		{"another currency", "5001 20 USD damaged", "amount.currency", []any{"got", "USD", "want", "EUR"}, 0},
		{"another sign", "5001 £20 damaged", "amount.currency", []any{"got", "£", "want", "EUR"}, 0},
		{"yen with decimals", jpy.Number + " 12.50 damaged", "amount.no_decimals", []any{"got", "12.50", "currency", "JPY"}, 0},
		{"dinars with four decimals", "2001 1.2345 damaged", "amount.decimals", []any{"got", "1.2345", "currency", "KWD", "n", 3}, 0},
		{"dinars, a thousandth too much", "2001 12.3460 damaged", "refund.too_much",
			[]any{"amount", "12.346 KWD", "order", "shopify-main#2001", "left", "12.345 KWD"}, 0},
		{"euros with four decimals", "5001 12,5001 damaged", "amount.decimals", []any{"got", "12,5001", "currency", "EUR", "n", 2}, 0},
		{"two amounts", "5001 5 6 damaged", "refund.two_amounts", []any{"one", "5", "other", "6"}, 0},
		{"all and an amount", "5001 full 5 damaged", "refund.all_and_part", []any{"got", "5"}, 0},
		{"no such line", "5001 line 9 damaged", "refund.no_line", []any{"line", 9, "n", 1}, 0},
		{"cancelled", "2002 full damaged", "preflight.cancelled", []any{"order", "shopify-main#2002"}, 0},
		{"unshipped", "2003 full damaged", "preflight.unshipped", []any{"order", "shopify-main#2003"}, 0},
		{"archived", "2004 full damaged", "preflight.archived", []any{"order", "shopify-main#2004"}, 1},
		{"refunded in full", "2005 full damaged", "refund.nothing_left", []any{"order", "shopify-main#2005", "total", "20.00 USD"}, 0},
		{"on its way already", "2006 5.00 damaged", "preflight.in_flight", []any{"order", "shopify-main#2006", "id", "R1"}, 0},
		{"another shop's", "ebay-us#9001 full damaged", "error.store_not_yours", []any{"store", "ebay-us"}, 0},
		{"another shop's, by its number", "9001 full damaged", "error.order_none", []any{"order", "9001"}, 0},
		{"nobody's", "9999 full damaged", "error.order_none", []any{"order", "9999"}, 0},
		{"two shops'", "4711 full damaged", "error.order_which", []any{"order", "4711", "n", 2}, 2},
	} {
		for who, text := range map[string]string{"anna": "/refund " + tt.text, "li": "／退款 " + strings.Replace(tt.text, "damaged", "破损", 1)} {
			lang := map[string]language.Tag{"anna": language.English, "li": language.MustParse("zh-CN")}[who]
			said, at := r.say(who, text)
			if len(said) != 1 || at[0].Only != "acc-"+who || at[0].Channel != "floor" {
				t.Errorf("%s: %s is told %d times, at %+v", tt.name, who, len(said), at)
				continue
			}
			if want := i18n.For(lang).T(tt.key, tt.args...); words(said[0]) != want || len(said[0].Buttons) != tt.buttons {
				t.Errorf("%s: %s reads %q with %d buttons, want %q with %d", tt.name, who, words(said[0]), len(said[0].Buttons), want, tt.buttons)
			}
		}
	}
	if n := r.count(`SELECT COUNT(*) FROM refund`); n != 1 || len(r.world.Ledger().Refunds) != paid {
		t.Errorf("%d were asked for, and %+v went out", n, r.world.Ledger().Refunds)
	}
}

// TestAskedAllTheSame: an archived order is refused first; the button beside the
// sentence asks past it, and whoever decides reads so. Nothing else can be passed.
func TestAskedAllTheSame(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	o := r.order(sandbox.NewOrder{Store: "shopify-main", Number: "2004", Total: "20.00"})
	if err := r.world.Stand(sandbox.Standing{Store: o.Store, Order: o.ID, Archived: true}); err != nil {
		t.Fatal(err)
	}
	said, _ := r.say("li", "/退款 2004 全额 破损 备注：盒子压坏")
	if len(said) != 1 || r.count(`SELECT COUNT(*) FROM refund`) != 0 {
		t.Fatalf("%d posts, %d asked for", len(said), r.count(`SELECT COUNT(*) FROM refund`))
	}
	said, at := r.press("li", said[0], i18n.For(language.MustParse("zh-CN")).T("ask.anyway"))
	if len(said) != 2 {
		t.Fatalf("%d posts: %s", len(said), words(said[0]))
	}
	card := said[0]
	if at[0].Channel != "leads" {
		card = said[1]
	}
	for _, want := range []string{"archived in the shop", "盒子压坏"} {
		if !strings.Contains(words(card), want) {
			t.Errorf("the card does not say %q: %s", want, words(card))
		}
	}
	if n := r.count(`SELECT COUNT(*) FROM audit WHERE what = 'refund.asked' AND detail LIKE '%"passed":["archived"]%'`); n != 1 {
		t.Errorf("%d lines of the audit log tell of it", n)
	}
	r.press("ben", card, "Approve")
	r.until("the money went out", func() bool { return r.count(`SELECT COUNT(*) FROM refund WHERE state = 'confirmed'`) == 1 })
	if paid := r.world.Ledger().Refunds; len(paid) != 1 || paid[0].Amount != o.Total {
		t.Errorf("%+v", paid)
	}

	for _, n := range []sandbox.NewOrder{{Number: "2010", Status: "cancelled"}, {Number: "2011", Status: "unshipped"}, {Number: "2012"}} {
		n.Store, n.Total = "shopify-main", "20.00"
		x := r.order(n)
		if n.Status == "" {
			// Archived, and a dispute besides: that one cannot be passed.
			if err := r.world.Stand(sandbox.Standing{Store: x.Store, Order: x.ID, Archived: true, Disputed: true}); err != nil {
				t.Fatal(err)
			}
		}
		if said, _ := r.say("anna", "/refund "+n.Number+" full damaged anyway"); len(said) != 1 || len(said[0].Buttons) != 0 {
			t.Errorf("%s: %d posts: %s %+v", n.Number, len(said), words(said[0]), said[0].Buttons)
		}
	}
	if n := r.count(`SELECT COUNT(*) FROM refund`); n != 1 {
		t.Errorf("%d were asked for", n)
	}
}

// TestFormSaysWhyNoCredit: whoever wants to give credit where that cannot be reads
// why in the form.
func TestFormSaysWhyNoCredit(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.order(sandbox.NewOrder{Store: "ebay-de", Number: "5001", Total: "59.90"})
	want := i18n.For(language.English).T("can.no_credit", "store", "ebay-de")
	if r.say("anna", "/refund 5001 credit"); !strings.Contains(r.form().Intro, want) {
		t.Errorf("it says %q, not %q", r.form().Intro, want)
	}
	if r.say("anna", "/refund 5001"); strings.Contains(r.form().Intro, want) {
		t.Errorf("nobody asked for credit, and it says %q", r.form().Intro)
	}
}

// TestFromAReturn: a return's number opens the form of its order for whoever sees
// its store, also where the mirror had it before it kept numbers; where returns of
// two shops have the number it is asked which order is meant; and what is typed
// beside it goes on its way at once.
func TestFromAReturn(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ret := func(storeID, order, id, number string, lines ...connectors.ReturnLine) {
		r.write(func(tx *store.Tx) error {
			_, err := sync.ReturnBatch([]connectors.Return{{ID: id, Number: number, Kind: connectors.KindReturn, Order: order, Reason: connectors.ReasonWrongItem, Lines: lines}}).Save(tx, storeID)
			return err
		})
	}
	mine := r.order(sandbox.NewOrder{Store: "shopify-main", Number: "2001", Total: "20.00", Quantity: 2})
	theirs := r.order(sandbox.NewOrder{Store: "ebay-us", Number: "9001", Total: "30.00"})
	other := r.order(sandbox.NewOrder{Store: "ebay-de", Number: "5001", Total: "59.90"})
	gid := func(o sandbox.OrderInfo) string { return "gid://shopify/Order/" + o.ID }
	ret("shopify-main", gid(mine), "gid://shopify/Return/1", "#2001-R1", connectors.ReturnLine{Line: "gid://shopify/LineItem/" + mine.Lines[0], Quantity: 1})
	ret("ebay-us", theirs.ID, "return:77", "77")
	r.write(func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE return_row SET number = '' WHERE store = 'shopify-main'`)
		return err
	})
	from := func(number string) string {
		return i18n.For(language.English).T("refund.form.from_return", "number", number)
	}

	r.say("anna", "/refund 2001-r1")
	f := r.form()
	if !strings.Contains(f.Intro, from("#2001-R1")) {
		t.Fatalf("the form says %q", f.Intro)
	}
	got := map[string]string{}
	for _, in := range f.Inputs {
		got[in.Name] = in.Value
	}
	if got["lines"] != "1x1" || got["reason"] != string(connectors.ReasonWrongItem) {
		t.Errorf("filled in: %v", got)
	}

	if said, _ := r.say("anna", "/refund 77"); len(said) != 1 || !strings.Contains(words(said[0]), i18n.For(language.English).T("error.order_none", "order", "77")) {
		t.Errorf("somebody who does not see the store: %q", words(said[0]))
	}
	if r.say("ben", "/refund ebay-us#77"); !strings.Contains(r.form().Intro, from("77")) {
		t.Errorf("the form says %q", r.form().Intro)
	}
	ret("ebay-de", other.ID, "return:77", "77")
	if said, _ := r.say("ben", "/refund 77"); len(said) != 1 || len(said[0].Buttons) != 2 {
		t.Errorf("two shops have it: %q", words(said[0]))
	}

	said, _ := r.say("anna", "/refund 2001-R1 5.00")
	if n := r.count(`SELECT COUNT(*) FROM refund WHERE store = 'shopify-main'`); n != 1 {
		t.Fatalf("%d asked for: %q", n, words(said[0]))
	}
}

// TestMenuIsHelp: what a menu offers somebody is what /help shows them.
func TestMenuIsHelp(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.write(func(tx *store.Tx) error {
		return r.desk.People.Save(tx, people.Person{ID: "li", Name: "li", Lang: language.English, Roles: []people.Role{people.Admin}}) // and no shop
	})
	for who, roles := range map[string]struct{ has, lacks string }{"anna": {"refund", "connect"}, "ben": {"connect", "people"}, "li": {"people", "refund"}} {
		said, _ := r.say(who, "/help")
		var shown, offered []string
		for _, f := range said[0].Parts[0].Fields {
			name, _, _ := strings.Cut(strings.TrimPrefix(f.Label, "/"), " ")
			shown = append(shown, name)
		}
		p, _ := r.desk.People.Get(t.Context(), people.ID(who))
		for _, m := range commands.Menu(i18n.For(language.English)) {
			if m.Name != "desk" && r.router.May(p, m.Name) {
				offered = append(offered, m.Name)
			}
		}
		if !slices.Equal(shown, offered) || !slices.Contains(offered, roles.has) || slices.Contains(offered, roles.lacks) {
			t.Errorf("%s is offered %q, and /help shows %q", who, offered, shown)
		}
		if !r.router.May(p, "desk") {
			t.Errorf("%s is not offered /desk", who)
		}
	}
}
