package policy_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"helloworld/bot/policy"
	"helloworld/connectors"
)

func cny(minor int64) connectors.Money { return connectors.Money{Minor: minor, Currency: "CNY"} }

var manager = []string{"manager"}

// tiers is a policy as a team would write one.
var tiers = policy.Rules{Home: "CNY", StepUpAbove: cny(2000_00), List: []policy.Rule{
	{Name: "price is for admins", Reasons: []string{"price"}, Votes: 1, Refuse: "talk to the buyer first"},
	{Name: "risky", Risk: "yes", Votes: 2, Approvers: manager},
	{Name: "small", UpTo: cny(100_00), Votes: 1, Approvers: []string{"manager", "person:lead"}},
	{Name: "amazon", Stores: []string{"amazon-us"}, UpTo: cny(1000_00), Votes: 1, Approvers: manager, StepUp: true},
	{Name: "middle", UpTo: cny(1000_00), Votes: 1, Approvers: manager},
	{Name: "credit", Methods: []string{"store_credit"}, Roles: []string{"manager"}, Votes: 1, Approvers: manager},
	{Name: "large", UpTo: cny(5000_00), Votes: 2, Approvers: manager},
	{Name: "nobody", UpTo: cny(9000_00), Votes: 2},
}}

func TestJudge(t *testing.T) {
	t.Parallel()
	agent := []string{"agent"}
	for _, x := range []struct {
		name   string
		c      policy.Case
		rule   string
		votes  int
		stepUp bool
		passed int
	}{
		{"small", policy.Case{Store: "s", Roles: agent, Reason: "damaged", Home: cny(100_00)}, "small", 1, false, 2},
		{"a cent more", policy.Case{Store: "s", Roles: agent, Reason: "damaged", Home: cny(100_01)}, "middle", 1, false, 4},
		{"its store", policy.Case{Store: "amazon-us", Roles: agent, Reason: "damaged", Home: cny(100_01)}, "amazon", 1, true, 3},
		{"refused", policy.Case{Store: "s", Roles: agent, Reason: "price", Home: cny(1)}, "price is for admins", 1, false, 0},
		{"risk", policy.Case{Store: "s", Roles: agent, Reason: "late", Risk: true, Home: cny(1)}, "risky", 2, false, 1},
		{"proof above a sum", policy.Case{Store: "s", Roles: agent, Reason: "late", Home: cny(2000_01)}, "large", 2, true, 6},
		{"role and method", policy.Case{Store: "s", Roles: []string{"agent", "manager"}, Reason: "late", Method: "store_credit", Home: cny(7000_00)}, "credit", 1, true, 5},
		{"only the role", policy.Case{Store: "s", Roles: []string{"manager"}, Reason: "late", Home: cny(1500_00)}, "large", 2, false, 6},
		{"nobody", policy.Case{Store: "s", Roles: agent, Reason: "late", Home: cny(6000_00)}, "nobody", 2, true, 7},
		{"no rule", policy.Case{Store: "s", Roles: agent, Reason: "late", Home: cny(9000_01)}, "", 0, false, 8},
		{"worth unknown", policy.Case{Store: "s", Roles: agent, Reason: "late"}, "nobody", 2, true, 7},
		{"another currency is unknown", policy.Case{Store: "s", Roles: agent, Reason: "late", Home: connectors.Money{Minor: 1, Currency: "EUR"}}, "nobody", 2, true, 7},
		{"worth unknown, but the rule is for any", policy.Case{Store: "s", Roles: agent, Risk: true}, "risky", 2, true, 1},
	} {
		v := tiers.Judge(x.c)
		if v.Rule != x.rule || v.Votes != x.votes || v.StepUp != x.stepUp || len(v.Passed) != x.passed {
			t.Errorf("%s: %+v", x.name, v)
		}
	}
	if v := tiers.Judge(policy.Case{Store: "s", Reason: "late", Home: cny(100_01)}); !slices.Equal(v.Passed, []policy.Pass{
		{Rule: "price is for admins", Why: policy.WhyReason}, {Rule: "risky", Why: policy.WhyRisk}, {Rule: "small", Why: policy.WhyAmount}, {Rule: "amazon", Why: policy.WhyStore}}) {
		t.Errorf("why the others do not hold: %+v", v.Passed)
	}
}

// TestJudgeSum: refunds that are small one by one are judged by what they come to,
// and the strictest of what their cases fall under holds for all.
func TestJudgeSum(t *testing.T) {
	t.Parallel()
	late, risky := policy.Case{Store: "s", Reason: "late", Home: cny(1)}, policy.Case{Store: "s", Reason: "late", Risk: true, Home: cny(1)}
	shop, price := policy.Case{Store: "amazon-us", Reason: "late", Home: cny(1)}, policy.Case{Store: "s", Reason: "price", Home: cny(1)}
	for _, x := range []struct {
		name   string
		cases  []policy.Case
		sum    connectors.Money
		rule   string
		votes  int
		stepUp bool
		why    policy.Refusal
	}{
		{"still small", []policy.Case{late, late}, cny(100_00), "small", 1, false, ""},
		{"large together", []policy.Case{late, late}, cny(1000_01), "large", 2, false, ""},
		{"with a proof", []policy.Case{late, late}, cny(2000_01), "large", 2, true, ""},
		{"one of them with risk", []policy.Case{late, risky}, cny(500_00), "risky", 2, false, ""},
		{"alike: the later rule", []policy.Case{risky, late}, cny(1500_00), "large", 2, false, ""},
		{"the proof of a milder one", []policy.Case{risky, shop}, cny(500_00), "risky", 2, true, ""},
		{"one of them refused", []policy.Case{late, price}, cny(2), "price is for admins", 1, false, policy.ByRule},
		{"nobody", []policy.Case{late, risky}, cny(6000_00), "nobody", 2, true, policy.Nobody},
		{"no rule", []policy.Case{risky, late}, cny(9000_01), "", 0, false, policy.NoRule},
		{"worth unknown", []policy.Case{late}, connectors.Money{}, "nobody", 2, true, policy.Nobody},
	} {
		if v := tiers.JudgeSum(x.cases, x.sum); v.Rule != x.rule || v.Votes != x.votes || v.StepUp != x.stepUp || v.Refused() != x.why {
			t.Errorf("%s: %+v", x.name, v)
		}
	}
}

func TestCovers(t *testing.T) {
	t.Parallel()
	all := policy.Rule{}
	small := policy.Rule{UpTo: cny(100)}
	shop := policy.Rule{Stores: []string{"a", "b"}}
	for _, x := range []struct {
		name string
		a, b policy.Rule
		want bool
	}{
		{"everything", all, small, true},
		{"a smaller amount does not", small, all, false},
		{"a larger amount", policy.Rule{UpTo: cny(200)}, small, true},
		{"some stores", shop, policy.Rule{Stores: []string{"b"}}, true},
		{"another store", shop, policy.Rule{Stores: []string{"b", "c"}}, false},
		{"every store", shop, policy.Rule{Stores: []string{policy.Any}}, false},
		{"risk", policy.Rule{Risk: "yes"}, all, false},
		{"the same risk", policy.Rule{Risk: "yes"}, policy.Rule{Risk: "yes", Reasons: []string{"late"}}, true},
	} {
		if got := x.a.Covers(x.b); got != x.want {
			t.Errorf("%s: %v", x.name, got)
		}
	}
	if (policy.Rule{Votes: 2, Approvers: []string{"person:a"}}).Enough() || !(policy.Rule{Votes: 2, Approvers: []string{"person:a", "manager"}}).Enough() {
		t.Error("one person cannot give two votes, a role can")
	}
}

// TestMoreNeedsNoFewerVotes: with tiers in order, a larger amount never needs
// fewer votes, and one whose worth is not known never fewer than any.
func TestMoreNeedsNoFewerVotes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var r policy.Rules
		r.Home = "CNY"
		tops := rapid.SliceOfN(rapid.Int64Range(1, 1_000_000), 1, 6).Draw(t, "tops")
		slices.Sort(tops)
		votes := 1
		for i, top := range tops {
			votes = min(5, votes+rapid.IntRange(0, 1).Draw(t, "more"))
			rule := policy.Rule{Name: string(rune('a' + i)), UpTo: cny(top), Votes: votes, Approvers: manager}
			if i == len(tops)-1 {
				rule.UpTo = connectors.Money{}
			}
			r.List = append(r.List, rule)
		}
		a := rapid.Int64Range(1, 2_000_000).Draw(t, "a")
		b := rapid.Int64Range(a, 2_000_001).Draw(t, "b")
		small, large, unknown := r.Judge(policy.Case{Home: cny(a)}), r.Judge(policy.Case{Home: cny(b)}), r.Judge(policy.Case{})
		if small.Votes > large.Votes || large.Votes > unknown.Votes || small.Rule == "" {
			t.Fatalf("%d needs %d, %d needs %d, unknown %d", a, small.Votes, b, large.Votes, unknown.Votes)
		}
	})
}

// TestNobodyStaysNobody: a rule without approvers never comes out with some.
func TestNobodyStaysNobody(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := policy.Rules{Home: "CNY"}
		for i := range rapid.IntRange(1, 5).Draw(t, "n") {
			x := policy.Rule{Name: string(rune('a' + i)), Votes: rapid.IntRange(1, 5).Draw(t, "votes")}
			if rapid.Bool().Draw(t, "limit") {
				x.UpTo = cny(rapid.Int64Range(1, 1000).Draw(t, "up to"))
			}
			if rapid.Bool().Draw(t, "some") {
				x.Approvers = manager
			}
			r.List = append(r.List, x)
		}
		var c policy.Case
		if rapid.Bool().Draw(t, "known") {
			c.Home = cny(rapid.Int64Range(1, 1100).Draw(t, "amount"))
		}
		v := r.Judge(c)
		rule, ok := r.Find(v.Rule)
		if !slices.Equal(v.Approvers, rule.Approvers) || !ok && len(v.Approvers) > 0 {
			t.Fatalf("%+v of %+v", v, rule)
		}
		if c.Home.Currency == "" {
			for _, x := range r.List {
				if len(x.Approvers) == 0 && len(v.Approvers) > 0 {
					return // it may stand below one for any amount; the table has the rest
				}
			}
		}
	})
}

func TestHours(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	var h policy.Hours
	for _, s := range []string{"mon-fri 09:00-18:00", "Sat  22:00-02:00"} {
		span, err := policy.ParseSpan(s)
		if err != nil {
			t.Fatal(err)
		}
		h = append(h, span)
	}
	// 2026-11-20 is a Friday.
	for _, x := range []struct {
		at, next string
	}{
		{"2026-11-20 09:00", ""}, {"2026-11-20 17:59", ""}, {"2026-11-20 18:00", "2026-11-21 22:00"},
		{"2026-11-20 08:59", "2026-11-20 09:00"}, {"2026-11-21 23:00", ""}, {"2026-11-22 01:59", ""},
		{"2026-11-22 02:00", "2026-11-23 09:00"}, {"2026-11-21 01:00", "2026-11-21 22:00"},
	} {
		at, err := time.ParseInLocation("2006-01-02 15:04", x.at, zone)
		if err != nil {
			t.Fatal(err)
		}
		next := h.Next(at).Format("2006-01-02 15:04")
		if h.Open(at) != (x.next == "") || x.next != "" && next != x.next {
			t.Errorf("%s: open %v, next %s, want %q", x.at, h.Open(at), next, x.next)
		}
	}
	if !policy.Hours(nil).Open(time.Now()) {
		t.Error("no hours should mean always")
	}
	for _, bad := range []string{"", "mon", "mon-fri", "mo 09:00-18:00", "mon 9-18", "mon 24:00-25:00", "mon 10:00-10:00", "mon 09:00-18:00 x", "-fri 09:00-18:00"} {
		if s, err := policy.ParseSpan(bad); err == nil {
			t.Errorf("%q is read as %+v", bad, s)
		}
	}
}

// TestNextIsOpen: whatever the hours and the zone, the next opening is open, and
// nothing before it is.
func TestNextIsOpen(t *testing.T) {
	t.Parallel()
	zones := []string{"UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"}
	days := []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
	rapid.Check(t, func(t *rapid.T) {
		zone, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		clock := rapid.Custom(func(t *rapid.T) string {
			return time.Date(2026, 1, 1, rapid.IntRange(0, 23).Draw(t, "h"), rapid.IntRange(0, 59).Draw(t, "m"), 0, 0, time.UTC).Format("15:04")
		})
		text := rapid.SampledFrom(days).Draw(t, "from") + "-" + rapid.SampledFrom(days).Draw(t, "to") + " " + clock.Draw(t, "a") + "-" + clock.Draw(t, "b")
		span, err := policy.ParseSpan(text)
		if err != nil {
			t.Skip("it ends when it begins")
		}
		h := policy.Hours{span}
		at := time.Unix(rapid.Int64Range(1_760_000_000, 1_800_000_000).Draw(t, "at"), 0).In(zone)
		next := h.Next(at)
		if !h.Open(next) || next.Before(at) {
			t.Fatalf("%s at %s: next is %s", text, at, next)
		}
		for m := at; m.Before(next.Add(-time.Hour)); m = m.Add(37 * time.Minute) {
			if !m.Equal(next) && h.Open(m) {
				t.Fatalf("%s at %s: %s is open before %s", text, at, m, next)
			}
		}
	})
}
