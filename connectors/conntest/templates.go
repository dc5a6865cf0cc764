package conntest

import (
	"strings"
	"testing"

	"helloworld/connectors"
)

func templated(t *testing.T, b *Bench) connectors.Templated {
	t.Helper()
	s, ok := b.Shop.(connectors.Templated)
	if !ok {
		t.Skip("the platform has no texts of its own")
	}
	need(t, "Template", b.Template.Key != "" && b.Template.ID != "" && b.Template.Order != "")
	need(t, "Templated", b.Templated != nil)
	return s
}

// allowed is the bench's template as the platform lists it.
func allowed(t *testing.T, b *Bench, s connectors.Templated) connectors.Template {
	t.Helper()
	all, err := s.Templates(t.Context(), b.Template.Order)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range all {
		if x.ID == "" || x.Max < 0 {
			t.Errorf("not a template: %+v", x)
		}
		if x.ID == b.Template.ID {
			return x
		}
	}
	t.Fatalf("%q is not among %+v", b.Template.ID, all)
	return connectors.Template{}
}

func templates(t *testing.T, b *Bench) {
	s := templated(t, b)
	allowed(t, b, s)
	if b.Templated() != 0 {
		t.Error("listing sent one")
	}
	r, err := s.SendTemplate(t.Context(), b.Template)
	if err != nil {
		t.Fatal(err)
	}
	happened(t, r, connectors.StateApplied, connectors.StateAccepted)
	if n := b.Templated(); n != 1 {
		t.Errorf("%d were sent", n)
	}
}

func templateForeign(t *testing.T, b *Bench) {
	s := templated(t, b)
	m := b.Template
	m.ID = "noSuchTemplate"
	_, err := s.SendTemplate(t.Context(), m)
	is(t, b, err, connectors.Invalid, connectors.Unsupported, connectors.NotFound)
	if n := b.Templated(); n != 0 {
		t.Errorf("%d were sent", n)
	}
}

func templateLong(t *testing.T, b *Bench) {
	s := templated(t, b)
	x := allowed(t, b, s)
	if !x.Text || x.Max == 0 {
		t.Skip("the template carries no words of ours, or any number of them")
	}
	m := b.Template
	m.Text = strings.Repeat("长", x.Max+1)
	_, err := s.SendTemplate(t.Context(), m)
	is(t, b, err, connectors.Invalid)
	if n := b.Templated(); n != 0 {
		t.Errorf("%d were sent", n)
	}
	m.Text = strings.Repeat("长", x.Max) // letters count, not bytes
	if _, err := s.SendTemplate(t.Context(), m); err != nil {
		t.Errorf("%d letters are allowed: %v", x.Max, err)
	}
}

func quotas(t *testing.T, b *Bench) {
	q, ok := b.Shop.(connectors.Quotas)
	if !ok {
		t.Skip("the adapter tells no limits")
	}
	all, err := q.Quotas(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Error("no limit is known")
	}
	type key struct {
		name   string
		window int64
	}
	seen := map[key]bool{}
	for _, x := range all {
		k := key{x.Name, int64(x.Window)}
		if x.Name == "" || seen[k] {
			t.Errorf("nameless, or there twice: %+v", x)
		}
		seen[k] = true
		if !(x.Limit >= 0 && x.Used >= 0 && x.Left >= 0) || x.Limit > 0 && x.Left > x.Limit || x.Window < 0 {
			t.Errorf("not a limit: %+v", x)
		}
	}
}
