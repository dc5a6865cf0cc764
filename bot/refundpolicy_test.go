package bot

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/text/language"

	"helloworld/bot/chat"
	"helloworld/bot/people"
	"helloworld/bot/policy"
	"helloworld/bot/rates"
	"helloworld/bot/store"
	"helloworld/connectors"
	"helloworld/i18n"
)

func cny(minor int64) connectors.Money { return connectors.Money{Minor: minor, Currency: "CNY"} }

func eur(minor int64) connectors.Money { return connectors.Money{Minor: minor, Currency: "EUR"} }

// key is the sentence of a problem; empty for none.
func key(t *testing.T, err error) i18n.Key {
	t.Helper()
	if err == nil {
		return ""
	}
	p, ok := i18n.AsProblem(err)
	if !ok {
		t.Fatal(err)
	}
	return p.Key
}

// counter is a desk with a policy, whose asks are opened without any shop.
func counter(t *testing.T, url string, rules policy.Rules, day string) *office {
	t.Helper()
	o := newOffice(t, url, "Asia/Shanghai", "2026-11-20 10:00", Channel{Place: chat.Place{Chat: "silent", Channel: "money"}, Name: "money",
		Lang: language.English, Stores: []string{people.EveryStore}, Topics: []Topic{TopicApprovals}})
	o.desk.Policy.Rules, o.desk.Policy.Votes = rules, 1
	table, err := rates.NewTable("CNY", day, map[string]string{"EUR": "7.7312"})
	if err != nil {
		t.Fatal(err)
	}
	o.desk.Rates = rates.New(rates.Options{DB: o.db, Table: table, Now: func() time.Time { return o.now }})
	return o
}

var clerk = people.Person{ID: "lina", Roles: []people.Role{people.Agent}, Stores: []string{people.EveryStore}}

// ask opens an ask for an order, as far as the policy lets it.
func (o *office) ask(who people.Person, storeID, order string, amount connectors.Money) error {
	ctx := o.Context()
	s := &Store{ID: storeID, Name: storeID}
	cmd := connectors.Refund{Order: order, Amount: amount, Reason: connectors.ReasonLate}
	r, err := o.desk.ruling(ctx, who, s, cmd, nil)
	if err != nil {
		return err
	}
	body := PaybackBody{Cmd: cmd, Votes: r.Votes, Ruling: r}
	return o.db.Write(ctx, func(tx *store.Tx) error {
		return o.desk.openRefund(tx, Deed{Who: who, P: i18n.For(language.English), Event: chat.Event{Key: order, Place: chat.Place{Chat: "silent", Channel: "money"}}},
			s, connectors.Order{ID: order, Number: order}, body)
	})
}

var oneTier = []policy.Rule{{Name: "all", Votes: 1, Approvers: []string{"manager"}}}

// TestLimitsOfADay: many ask at once, and no more is asked for than the limit
// allows; what came to nothing is not counted; the day is the desk's own.
func TestLimitsOfADay(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		o := counter(t, url, policy.Rules{Home: "CNY", List: oneTier, PersonDay: cny(1000_00), StoreDay: cny(1500_00)}, "2026-11-20")
		var all sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			all.Go(func() { errs[i] = o.ask(clerk, "a", fmt.Sprint("at-once-", i), cny(300_00)) })
		}
		all.Wait()
		good := 0
		for _, err := range errs {
			switch k := key(t, err); k {
			case "":
				good++
			case "policy.cap_person":
			default:
				t.Errorf("refused with %s", k)
			}
		}
		if good != 3 {
			t.Fatalf("%d of 300.00 were let through below 1000.00", good)
		}
		other := clerk
		other.ID = "mei"
		for _, x := range []struct {
			name   string
			who    people.Person
			store  string
			amount connectors.Money
			want   i18n.Key
		}{
			{"exactly to the limit", clerk, "a", cny(100_00), ""},
			{"a cent more", clerk, "b", cny(1), "policy.cap_person"},
			{"somebody else, but the store's is reached", other, "a", cny(500_01), "policy.cap_store"},
			{"another store", other, "b", cny(500_01), ""},
			{"in another currency", other, "b", eur(64_62), ""}, // 499.5906, rounded up to 499.60
			{"just what is left", other, "b", eur(5), ""},       // 0.39, worth 0.3866
		} {
			if got := key(t, o.ask(x.who, x.store, x.name, x.amount)); got != x.want {
				t.Errorf("%s: %q, want %q", x.name, got, x.want)
			}
		}
		if got := key(t, o.ask(other, "b", "then a cent", cny(1))); got != "policy.cap_person" {
			t.Errorf("beyond the limit: %q", got)
		}
		// What was denied is not counted.
		o.write(func(tx *store.Tx) error {
			_, err := tx.Exec(`UPDATE refund SET state = ? WHERE order_id = ?`, string(RefundDenied), "exactly to the limit")
			return err
		})
		if got := key(t, o.ask(clerk, "b", "instead", cny(100_00))); got != "" {
			t.Errorf("in the place of a denied one: %q", got)
		}
		// Midnight by the desk's clock, not by London's.
		o.set(o.desk.Zone, "2026-11-20 23:59")
		if got := key(t, o.ask(clerk, "c", "late", cny(1))); got != "policy.cap_person" {
			t.Errorf("before midnight: %q", got)
		}
		o.set(o.desk.Zone, "2026-11-21 00:00")
		if got := key(t, o.ask(clerk, "c", "early", cny(1000_00))); got != "" {
			t.Errorf("after midnight: %q", got)
		}
		now, err := o.desk.PolicyNow(t.Context(), other)
		if err != nil || now.Mine.Person != cny(0) {
			t.Errorf("a new day: %+v, %v", now.Mine, err)
		}
	})
}

// TestRulings: what is frozen with an ask.
func TestRulings(t *testing.T) {
	t.Parallel()
	rules := policy.Rules{Home: "CNY", StepUpAbove: cny(500_00), List: []policy.Rule{
		{Name: "no price", Reasons: []string{"price"}, Refuse: "talk first"},
		{Name: "risky", Risk: "yes", UpTo: cny(1000_00), Votes: 3, Approvers: []string{"manager"}},
		{Name: "small", UpTo: cny(100_00), Votes: 1, Approvers: []string{"person:ben"}},
		{Name: "large", UpTo: cny(1000_00), Votes: 2, Approvers: []string{"manager"}},
		{Name: "nobody", UpTo: cny(2000_00)},
	}}
	for _, x := range []struct {
		name   string
		amount connectors.Money
		reason connectors.RefundReason
		found  []Finding
		day    string
		want   i18n.Key
		rule   string
		votes  int
		stepUp bool
		home   string
		says   string
	}{
		{"at home", cny(100_00), "late", nil, "2026-11-20", "", "small", 1, false, "", "small"},
		{"abroad", eur(12_93), "late", nil, "2026-11-20", "", "small", 1, false, "99.97 CNY", "≈ 99.96 CNY · 1 EUR = 7.7312 CNY · own table 2026-11-20"},
		{"rounded up over the limit", eur(12_94), "late", nil, "2026-11-20", "", "large", 2, false, "100.05 CNY", "large"},
		{"with a proof", cny(500_01), "late", nil, "2026-11-20", "", "large", 2, true, "", "large"},
		{"risk", cny(1_00), "late", []Finding{{Risk: true}}, "2026-11-20", "", "risky", 3, false, "", "risky (because of the buyer's history)"},
		{"refused", cny(1_00), "price", nil, "2026-11-20", "policy.refused", "no price", 0, false, "", ""},
		{"nobody may", cny(1500_00), "late", nil, "2026-11-20", "policy.nobody", "nobody", 0, true, "", ""},
		{"no rule", cny(3000_00), "late", nil, "2026-11-20", "policy.no_rule", "", 0, true, "", ""},
		{"a rate too old", eur(1), "late", nil, "2026-11-12", "policy.nobody", "nobody", 0, true, "", "too old: the strictest rule"},
		{"no rate", connectors.Money{Minor: 1, Currency: "USD"}, "late", nil, "2026-11-20", "policy.nobody", "nobody", 0, true, "", "no exchange rate: the strictest rule"},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			o := counter(t, t.TempDir()+"/desk.db", rules, x.day)
			cmd := connectors.Refund{Amount: x.amount, Reason: x.reason}
			_, err := o.desk.ruling(t.Context(), clerk, &Store{ID: "a"}, cmd, x.found)
			if got := key(t, err); got != x.want {
				t.Errorf("%q, want %q", got, x.want)
			}
			r, err := o.desk.rule(t.Context(), clerk, "a", cmd, x.found)
			if err != nil {
				t.Fatal(err)
			}
			home := ""
			if r.Home.Currency != "" {
				home = r.Home.String()
			}
			if r.Rule != x.rule || r.Votes != x.votes || r.StepUp != x.stepUp && x.rule != "" || home != x.home {
				t.Errorf("%+v", r)
			}
			var says []string
			for _, f := range rulingFields(i18n.For(language.English), r) {
				says = append(says, f.Value)
			}
			if !strings.Contains(strings.Join(says, "\n"), x.says) {
				t.Errorf("the card says %q", says)
			}
		})
	}
}

// TestWithoutRules: nothing is as it was not before, but for what is set apart
// from rules.
func TestWithoutRules(t *testing.T) {
	t.Parallel()
	o := counter(t, t.TempDir()+"/desk.db", policy.Rules{}, "2026-11-20")
	o.desk.Policy.Votes = 2
	r, err := o.desk.ruling(t.Context(), clerk, &Store{ID: "a"}, connectors.Refund{Amount: eur(1)}, nil)
	if err != nil || r.Votes != 2 || len(r.Voters) != 1 || r.Voters[0] != "manager" || r.StepUp || r.Unrated != "" {
		t.Errorf("%+v, %v", r, err)
	}
	if f := rulingFields(i18n.For(language.English), r); len(f) != 0 {
		t.Errorf("the card has %v", f)
	}
	span, err := policy.ParseSpan("mon-fri 12:00-18:00")
	if err != nil {
		t.Fatal(err)
	}
	o.desk.Policy.Rules.Hours = policy.Hours{span}
	_, err = o.desk.ruling(t.Context(), clerk, &Store{ID: "a"}, connectors.Refund{Amount: eur(1)}, nil)
	p, ok := i18n.AsProblem(err)
	if !ok || p.Key != "policy.closed" || !strings.Contains(p.Say(i18n.For(language.English)), "2026-11-20 12:00 UTC+8") {
		t.Errorf("outside the hours: %v", err)
	}
	if o.set(o.desk.Zone, "2026-11-20 12:00"); o.desk.policyOpen(o.now) != nil {
		t.Error("it is closed within the hours")
	}
}
