package amazon

import (
	"bytes"
	"compress/gzip"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"

	"helloworld/connectors"
)

func gzipped(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, _ = z.Write(b)
	_ = z.Close()
	return out.Bytes()
}

// codeOf is the code of one of our errors.
func codeOf(err error) string {
	var e *connectors.Error
	if !errors.As(err, &e) {
		return ""
	}
	return e.Code
}

func TestBegin(t *testing.T) {
	t.Parallel()
	c := connectors.Config{Info: connectors.Info{Store: "x", Region: "eu"}, ClientID: "a", ClientSecret: "b",
		Options: map[string]string{"marketplace": market, "application": appID}}
	for name, x := range map[string]struct {
		option, value, want string
	}{
		"Europe":     {"marketplace", market, "https://sellercentral-europe.amazon.com/apps/authorize/consent?application_id=" + appID + "&state=s+1"},
		"Japan":      {"marketplace", "A1VC38T7YXB528," + market, "https://sellercentral.amazon.co.jp/apps/authorize/consent?application_id=" + appID + "&state=s+1"},
		"draft":      {"draft", "true", "https://sellercentral-europe.amazon.com/apps/authorize/consent?application_id=" + appID + "&state=s+1&version=beta"},
		"elsewhere":  {"consent", "http://127.0.0.1:1/", "http://127.0.0.1:1/apps/authorize/consent?application_id=" + appID + "&state=s+1"},
		"unknown id": {"marketplace", "AXX", "https://sellercentral.amazon.com/apps/authorize/consent?application_id=" + appID + "&state=s+1"},
	} {
		cc := c
		cc.Options = map[string]string{"marketplace": market, "application": appID, x.option: x.value}
		if got, err := sellerOf(t, cc).Begin(t.Context(), "s 1"); err != nil || got != x.want {
			t.Errorf("%s: %s %v", name, got, err)
		}
	}
	c.Options = map[string]string{"marketplace": market}
	if _, err := sellerOf(t, c).Begin(t.Context(), "s"); connectors.KindOf(err) != connectors.Unsupported {
		t.Errorf("without an application: %v", err)
	}
}

func TestComplete(t *testing.T) {
	s := newServer(t, 1)
	c := newSeller(t, s)
	link, err := c.Begin(t.Context(), "s")
	if err != nil {
		t.Fatal(err)
	}
	q := s.consent(link)
	q.Set("selling_partner_id", "ASOMEBODY")
	if _, err := c.Complete(t.Context(), q); connectors.KindOf(err) != connectors.Invalid || codeOf(err) != "other_seller" {
		t.Errorf("another seller: %v", err)
	}
	q.Set("selling_partner_id", grantee)
	cred, err := c.Complete(t.Context(), q)
	if err != nil || !cred.Granted.Equal(s.clock.now()) || !cred.RefreshExpires.Equal(s.clock.now().Add(consentFor)) || string(cred.Extra[extraSeller]) != grantee {
		t.Fatalf("%+v %v", cred, err)
	}
	_, err = c.Complete(t.Context(), q)
	if connectors.KindOf(err) != connectors.Reauthorise || strings.Contains(err.Error(), q.Get("spapi_oauth_code")) {
		t.Errorf("a code works once, and is not told on: %v", err)
	}
	// Who it is is known from the credential too.
	conf := configOf(s)
	delete(conf.Options, "seller")
	conf.Credential = cred
	if _, err := sellerOf(t, conf).Items(t.Context(), connectors.Cursor{}); err != nil {
		t.Errorf("the seller's id out of the credential: %v", err)
	}
	got, err := sellerOf(t, conf).Refresh(t.Context(), cred)
	if err != nil || !got.Granted.Equal(cred.Granted) || string(got.Extra[extraSeller]) != grantee {
		t.Errorf("a refresh keeps what is known of the grant: %+v %v", got, err)
	}
}

func TestDeadlines(t *testing.T) {
	s := newServer(t, 1)
	conf := configOf(s)
	want := func(what connectors.DeadlineKind, at time.Time, assumed bool) {
		t.Helper()
		for _, d := range sellerOf(t, conf).Deadlines() {
			if d.What == what {
				if !d.At.Equal(at) || d.Assumed != assumed || d.Link == "" {
					t.Errorf("%+v, want %v %v", d, at, assumed)
				}
				return
			}
		}
		if !at.IsZero() {
			t.Errorf("no deadline %s", what)
		}
	}
	want(connectors.DueConsent, s.clock.now().Add(consentFor), true)
	want(connectors.DueSecret, time.Date(2027, 2, 28, 0, 0, 0, 0, time.UTC), false)
	conf.Credential.RefreshExpires = s.clock.now().Add(20 * 24 * time.Hour)
	want(connectors.DueConsent, s.clock.now().Add(20*24*time.Hour), false)
	if h := sellerOf(t, conf).Health(t.Context()); h.State != connectors.HealthExpiring || !h.Until.Equal(conf.Credential.RefreshExpires) {
		t.Errorf("%+v", h)
	}
	conf.Options["secret_rotated"] = ""
	want(connectors.DueSecret, time.Time{}, false)
	conf.Options["secret_rotated"] = "30.5.2026"
	if _, err := New(conf); err == nil {
		t.Error("a day that is none is taken")
	}
}

func TestMissingRoleIsNotLostConsent(t *testing.T) {
	s := newServer(t, 1)
	c := newSeller(t, s)
	can := func(name connectors.CapName) connectors.Capability {
		all := c.Can(t.Context())
		return all[slices.IndexFunc(all, func(x connectors.Capability) bool { return x.Name == name })]
	}
	s.lacks = []string{"/listings/"}
	_, err := c.Items(t.Context(), connectors.Cursor{})
	if connectors.KindOf(err) != connectors.Unsupported || codeOf(err) != "role_missing" || !strings.Contains(err.Error(), roleListing) {
		t.Fatalf("%v", err)
	}
	if x := can(connectors.CapCatalog); x.OK || x.Reason != "can.missing_scope" || x.Missing != roleListing {
		t.Errorf("%+v", x)
	}
	if x := can(connectors.CapOrders); !x.OK {
		t.Errorf("%+v", x)
	}
	if h := c.Health(t.Context()); h.State != connectors.HealthOK {
		t.Errorf("the consent is well: %+v", h)
	}
	s.lacks = nil
	if err := c.Reload(t.Context()); err != nil || !can(connectors.CapCatalog).OK {
		t.Errorf("after a new grant: %v", err)
	}
	s.revoked = true
	if _, err := c.Items(t.Context(), connectors.Cursor{}); connectors.KindOf(err) != connectors.Reauthorise {
		t.Errorf("taken back: %v", err)
	}
}

func TestSetStockRefuses(t *testing.T) {
	s := newServer(t, 1)
	c := newSeller(t, s)
	was := 1
	for name, x := range map[string]struct {
		row  connectors.StockSet
		kind connectors.Kind
		code string
	}{
		"platform's place": {connectors.StockSet{SKU: "SKU-1", Location: "AMAZON_EU", Quantity: 1}, connectors.Unsupported, "by_platform"},
		"platform's goods": {connectors.StockSet{SKU: fbaSKU, Quantity: 1}, connectors.Unsupported, "by_platform"},
		"negative":         {connectors.StockSet{SKU: "SKU-1", Quantity: -1}, connectors.Invalid, "incomplete"},
		"changed":          {connectors.StockSet{SKU: "SKU-1", Quantity: 1, Was: &was}, connectors.Conflict, "quantity_changed"},
		"unknown":          {connectors.StockSet{SKU: "😀/%", Quantity: 1}, connectors.NotFound, "NOT_FOUND"},
	} {
		r := c.SetStock(t.Context(), []connectors.StockSet{x.row})[0]
		if r.State != connectors.StateRejected || connectors.KindOf(r.Err) != x.kind || r.Code != x.code || r.SKU != x.row.SKU {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if s.ops["patchListingsItem"] {
		t.Error("one of them was sent")
	}
	issue := func(status, code string, attributes ...string) map[string]any {
		return map[string]any{"status": status, "code": code, "message": "m", "severity": "ERROR", "categories": []string{}, "attributeNames": attributes}
	}
	row := connectors.StockSet{SKU: "SKU-1", Quantity: 4}
	for name, x := range map[string]struct {
		issue map[string]any
		want  connectors.State
	}{
		"refused":          {issue("INVALID", "4000001", "x"), connectors.StateRejected},
		"about quantities": {issue("ACCEPTED", "99022", availability), connectors.StateRejected},
		"an old trouble":   {issue("ACCEPTED", "18027", "main_image"), connectors.StateAccepted},
		"a preview's word": {issue("VALID", "18027", "main_image"), connectors.StateUnknown},
	} {
		s.issue = x.issue
		r := c.SetStock(t.Context(), []connectors.StockSet{row})[0]
		if r.State != x.want || (r.Err == nil) != (x.want == connectors.StateAccepted) {
			t.Errorf("%s: %+v", name, r)
		}
	}
	s.issue = nil
	s.throttle = 100
	if r := c.SetStock(t.Context(), []connectors.StockSet{row})[0]; r.State != connectors.StateAbsent || connectors.KindOf(r.Err) != connectors.Busy {
		t.Errorf("throttled: %+v", r)
	}
}

func TestItemsAreReadExactly(t *testing.T) {
	s := newServer(t, 1)
	c := newSeller(t, s)
	s.rude = true
	item := func(change func(l map[string]any)) connectors.Item {
		t.Helper()
		l := newShop().listings[4]
		change(l)
		s.listings = []map[string]any{l}
		p, err := c.Items(t.Context(), connectors.Cursor{})
		if err != nil || len(p.Items) != 1 {
			t.Fatalf("%+v %v", p, err)
		}
		return p.Items[0]
	}
	i := item(func(map[string]any) {})
	if i.SKU != oddSKU || i.Price.Minor != 1490 || i.Status != connectors.ItemActive || i.Link != "https://www.amazon.de/dp/B000000004" || len(i.Stock) != 1 || i.Stock[0].Available != 14 || i.Stock[0].ByPlatform {
		t.Errorf("%+v", i)
	}
	for currency, want := range map[string]connectors.Money{"JPY": {Minor: 1200, Currency: "JPY"}, "KWD": {Minor: 1200000, Currency: "KWD"}} {
		i := item(func(l map[string]any) {
			l["offers"] = []any{map[string]any{"marketplaceId": market, "offerType": "B2B", "price": eur("1")},
				map[string]any{"marketplaceId": market, "offerType": "B2C", "price": map[string]any{"amount": "1200", "currencyCode": currency}}}
		})
		if i.Price != want {
			t.Errorf("%s: %v", currency, i.Price)
		}
	}
	status := func(words ...string) connectors.ItemStatus {
		return item(func(l map[string]any) { l["summaries"].([]any)[0].(map[string]any)["status"] = words }).Status
	}
	if status("DISCOVERABLE") != connectors.ItemInactive || status() != connectors.ItemInactive || status("LEVITATING") != connectors.ItemOther {
		t.Error("the words of a status")
	}
	if i := item(func(l map[string]any) {
		l["issues"] = []any{map[string]any{"code": "1", "severity": "ERROR", "enforcements": map[string]any{"actions": []any{map[string]any{"action": "LISTING_SUPPRESSED"}}}}}
	}); i.Status != connectors.ItemBlocked {
		t.Errorf("%+v", i)
	}
}

// The platform ends a long listing early; the reading goes on from where it got to.
func TestItemsGoOnWhereThePlatformStops(t *testing.T) {
	s := newServer(t, 1)
	c := newSeller(t, s)
	all, _ := drain(t, s, c.Items)
	at := readItemsAt(itemsAt{last: all[5].Updated, read: 6, page: "a|b"}.String())
	if at.page != "a|b" || at.read != 6 || !at.last.Equal(all[5].Updated) {
		t.Fatalf("%+v", at)
	}
	if got := readItemsAt("rubbish"); got.page != "" || got.read != 0 {
		t.Errorf("%+v", got)
	}
	s.cut = 4 // four pages' worth, and then no token
	seen := map[string]bool{}
	got, _ := drain(t, s, c.Items)
	for _, i := range got {
		seen[i.SKU] = true
	}
	if len(seen) != 10 {
		t.Errorf("%d of 10 listings", len(seen))
	}
}

func TestShip(t *testing.T) {
	s := newServer(t, 4)
	c := newSeller(t, s)
	base := shipOf(s)
	for name, x := range map[string]struct {
		change func(*connectors.Ship)
		kind   connectors.Kind
		code   string
	}{
		"no number":     {func(o *connectors.Ship) { o.Number = " " }, connectors.Invalid, "incomplete"},
		"no such line":  {func(o *connectors.Ship) { o.Lines = []connectors.ShipLine{{Line: "1", Quantity: 1}} }, connectors.Invalid, "no_such_line"},
		"too many":      {func(o *connectors.Ship) { o.Lines = []connectors.ShipLine{{Line: "60000000001", Quantity: 3}} }, connectors.Conflict, "over_remaining"},
		"none":          {func(o *connectors.Ship) { o.Lines = []connectors.ShipLine{{Line: "60000000001"}} }, connectors.Invalid, "quantity"},
		"no such order": {func(o *connectors.Ship) { o.Order = "302-0000000-0000000" }, connectors.NotFound, "NotFound"},
	} {
		o := base
		x.change(&o)
		if _, err := c.Ship(t.Context(), o); connectors.KindOf(err) != x.kind || codeOf(err) != x.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	for status, code := range map[string]string{"PENDING": "not_paid", "CANCELLED": "order_cancelled"} {
		s.orders[2]["fulfillment"] = map[string]any{"fulfillmentStatus": status, "fulfilledBy": "MERCHANT"}
		o := base
		o.Order = "302-1234567-8901002"
		if _, err := c.Ship(t.Context(), o); connectors.KindOf(err) != connectors.Conflict || codeOf(err) != code {
			t.Errorf("%s: %v", status, err)
		}
	}
	s.orders[2]["fulfillment"] = map[string]any{"fulfillmentStatus": "UNSHIPPED", "fulfilledBy": "AMAZON"}
	o := base
	o.Order = "302-1234567-8901002"
	if _, err := c.Ship(t.Context(), o); connectors.KindOf(err) != connectors.Unsupported {
		t.Errorf("the platform's own: %v", err)
	}
	if s.shipped != 0 {
		t.Fatal("one of them was sent")
	}
	if r, err := c.Ship(t.Context(), base); err != nil || r.ID != packageRef(base.Key) {
		t.Fatalf("%+v %v", r, err)
	}
	if r, err := c.Ship(t.Context(), base); err != nil || r.State != connectors.StateApplied || s.shipped != 1 {
		t.Errorf("told twice: %+v %v, %d shipments", r, err, s.shipped)
	}
	o = base
	o.Number = "00340434292135100187"
	if _, err := c.Ship(t.Context(), o); codeOf(err) != "other_number" {
		t.Errorf("one key, two numbers: %v", err)
	}
	o = base
	o.Key, o.Number = "another", " 0034 0434 2921 3510 0186 "
	if _, err := c.Ship(t.Context(), o); codeOf(err) != "already_shipped" {
		t.Errorf("two keys, one number: %v", err)
	}
	o.Number = "1Z999AA10123456784"
	if _, err := c.Ship(t.Context(), o); codeOf(err) != "nothing_left" {
		t.Errorf("all is sent: %v", err)
	}
	for code, want := range map[string][2]string{"DHL": {"DHL", ""}, "yunexpress": {"Yun Express", ""}, "royal mail": {"Royal Mail", ""},
		"hermes": {"Other", "Evri"}, " Zhong Da ": {"Other", "Zhong Da"}} {
		if word, name := carrierOf(code); word != want[0] || name != want[1] {
			t.Errorf("%s: %q %q", code, word, name)
		}
	}
	seen := map[string]bool{}
	for _, k := range []string{"a", "b", "5f3a1c9e-0000-4000-8000-0000000000aa", "", "长"} {
		r := packageRef(k)
		if !digits.MatchString(r) || len(r) > 9 || seen[r] || r != packageRef(k) {
			t.Errorf("%q: %q", k, r)
		}
		seen[r] = true
	}
}

func TestReturnsReports(t *testing.T) {
	s := newServer(t, 1)
	c := newSeller(t, s)
	p, err := c.Returns(t.Context(), connectors.Cursor{})
	if err != nil || !p.More || len(p.Items) != 0 || p.Next.Token == "" {
		t.Fatalf("%+v %v", p, err)
	}
	s.stuck = true
	if _, err := c.Returns(t.Context(), p.Next); connectors.KindOf(err) != connectors.Busy || connectors.RetryAfterOf(err) <= 0 {
		t.Fatalf("not ready: %v", err)
	}
	if len(s.reports) != 1 {
		t.Fatalf("%d reports: looking orders none", len(s.reports))
	}
	s.stuck = false
	all, bad := drain(t, s, c.Returns)
	if len(all) != 4 || len(bad) != 0 {
		t.Fatalf("%+v %v", all, bad)
	}
	r := all[0]
	if r.ID != "D0ldz0RRMA" || r.Reason != connectors.ReasonDefective || r.Status != connectors.ReturnApproved || r.Refund.Minor != 1990 || r.Lines[0].Title != "Lampe & Schirm" ||
		r.Created != time.Date(2026, 7, 9, 6, 0, 0, 0, time.UTC) || r.TrackNumber != "00340434292135100186" {
		t.Errorf("%+v", r)
	}
	if all[1].Lines[0].Quantity != 2 || all[3].Status != connectors.ReturnOther || all[3].PlatformStatus != "Vaporised" {
		t.Errorf("%+v", all)
	}
	// A later reading starts early enough to see what became of them.
	s.reports = nil
	if _, err := c.Returns(t.Context(), connectors.Cursor{Since: s.clock.now().Add(-time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if from := s.reports[0]["dataStartTime"]; from != s.clock.now().Add(-time.Hour-returnsAgain).Format(time.RFC3339) {
		t.Errorf("from %v", from)
	}
	// A report that fails is made again, a few times; then it rests.
	s.reports, s.fatal = nil, 100
	cur := connectors.Cursor{Since: s.clock.now()}
	for n := 0; ; n++ {
		p, err := c.Returns(t.Context(), cur)
		if connectors.KindOf(err) == connectors.Busy && codeOf(err) == "report_failed" {
			break
		}
		if err != nil || n > 5 {
			t.Fatalf("%d: %v", n, err)
		}
		cur = p.Next
		s.settle()
	}
	if len(s.reports) != reportTries+1 {
		t.Errorf("%d reports", len(s.reports))
	}
	s.clock.add(reportRest + time.Minute)
	if p, err = c.Returns(t.Context(), cur); err != nil || !p.More {
		t.Errorf("it does not come back: %v", err)
	}
	// A report that the platform has forgotten is ordered anew.
	s.reports, s.fatal = nil, 0
	if p, err = c.Returns(t.Context(), p.Next); err != nil || !p.More || len(s.reports) != 1 {
		t.Errorf("%+v %v", p, err)
	}
	if _, err := newSeller(t, s).Return(t.Context(), "no such"); connectors.KindOf(err) != connectors.NotFound {
		t.Errorf("%v", err)
	}
}

func TestTemplateTexts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Guten Tag, wann sind Sie zu Hause?":     "",
		"1 < 2 & 3 > 2":                          "",
		"The end.It is so. Price: 3.50":          "",
		"  ":                                     "text_empty",
		"<b>Hallo</b>":                           "text_html",
		"Hallo&nbsp;Welt":                        "text_html",
		"write to me@example.org":                "text_email",
		"see https://example.org/x":              "text_link",
		"see www.example.de":                     "text_link",
		"see example.com":                        "text_link",
		"siehe bit.ly/abc":                       "text_link",
		strings.Repeat("长", 2001):                "text_too_long",
		"broken \xff":                            "text_encoding",
		strings.Repeat("长", 2000):                "",
		"ordered 2 pieces at 9 o'clock (CET)...": "",
	} {
		if got, _ := unfit(text, 2000); got != want {
			t.Errorf("%.40q: %q, want %q", text, got, want)
		}
	}
}

func TestSendTemplateRefuses(t *testing.T) {
	s := newServer(t, 2)
	c := newSeller(t, s)
	good := connectors.TemplateMessage{Key: "k", Order: "302-1234567-8901001", ID: "unexpectedProblem", Text: "Es tut uns leid."}
	for name, x := range map[string]struct {
		change func(*connectors.TemplateMessage)
		kind   connectors.Kind
		code   string
	}{
		"a file":           {func(m *connectors.TemplateMessage) { m.ID = "invoice" }, connectors.Unsupported, "needs_file"},
		"removed":          {func(m *connectors.TemplateMessage) { m.ID = "negativeFeedbackRemoval" }, connectors.Unsupported, "no_such_template"},
		"a link":           {func(m *connectors.TemplateMessage) { m.Text = "http://x.y/z" }, connectors.Invalid, "text_link"},
		"another language": {func(m *connectors.TemplateMessage) { m.Lang = language.Chinese }, connectors.Invalid, "buyer_language"},
		"too long":         {func(m *connectors.TemplateMessage) { m.ID, m.Text = "digitalAccessKey", strings.Repeat("x", 401) }, connectors.Invalid, "text_too_long"},
	} {
		m := good
		x.change(&m)
		if _, err := c.SendTemplate(t.Context(), m); connectors.KindOf(err) != x.kind || codeOf(err) != x.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.allowed = nil
	if _, err := c.SendTemplate(t.Context(), good); connectors.KindOf(err) != connectors.Unsupported || codeOf(err) != "not_allowed_now" {
		t.Errorf("%v", err)
	}
	if len(s.templated) != 0 {
		t.Error("one of them was sent")
	}
	// With several marketplaces the order's own is asked for.
	conf := configOf(s)
	conf.Options["marketplace"] = "A13V1IB3VIYZZH," + market
	s.allowed = []string{"unexpectedProblem"}
	good.Lang = language.AmericanEnglish
	s.locale = "en-GB"
	if _, err := sellerOf(t, conf).SendTemplate(t.Context(), good); err != nil || len(s.templated) != 1 {
		t.Errorf("%v", err)
	}
}
