package bot

import (
	"strings"
	"time"

	"golang.org/x/text/language"

	"helloworld/bot/alerts"
	"helloworld/bot/approvals"
	"helloworld/bot/audit"
	"helloworld/bot/chat"
	"helloworld/bot/lint"
	"helloworld/bot/people"
	"helloworld/bot/sync"
	"helloworld/connectors"
	"helloworld/i18n"
	"helloworld/i18n/translate"
)

// Sample is one of the desk's cards with made-up content.
type Sample struct {
	Name string
	Card chat.Card
}

// Samples are the desk's cards as they look at work, for whoever writes a
// renderer or changes a sentence: one of each kind in its more telling states.
func Samples(p *i18n.Printer) []Sample {
	at := time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC)
	shop := &Store{ID: "ebay-de", Name: "eBay 德国站"}
	names := func(id string) string {
		return map[string]string{"anna": "Anna", "ben": "Ben", "carla": "Carla", "dora": "Dora"}[id]
	}
	euro := func(minor int64) connectors.Money { return connectors.Money{Minor: minor, Currency: "EUR"} }

	letter := Letter{ID: "M17", Store: shop.ID, Spoken: language.German, At: at, Message: connectors.Message{
		Order: "11-10001-20037", Subject: "Rucksack 22 l, wasserdicht", Buyer: connectors.Buyer{Name: "Mia <Attrappe>"},
		Text:  "Hallo, der Deckel von 11-10001-20037 ist *kaputt* & klebt :-(\nIch möchte mein Geld zurück! <!channel> 😀 https://example.com/a_b_c",
		Files: []connectors.Attachment{{Name: "deckel.jpg", MIME: "image/jpeg", URL: "https://example.com/deckel.jpg"}, {Name: "beleg.pdf", MIME: "application/pdf"}},
	}}
	read := translate.Result{From: language.German, To: p.Lang(), Grade: translate.ByEngine, Engine: "local",
		Text:     "您好，11-10001-20037 的盖子坏了 & 粘住了 :-(\n我要退款！<!channel> 😀 https://example.com/a_b_c",
		Findings: []translate.Finding{{Severity: translate.Review, Code: "finding.term_draft", What: "退款"}}}
	bare := translate.Result{From: language.German, To: p.Lang(), Grade: translate.Gloss, Text: letter.Text,
		Findings: []translate.Finding{{Severity: translate.Note, Code: "finding.no_engine"}}}
	answered := letter
	answered.State = msgAnswered

	draft := Draft{ID: "D3", Message: letter.ID, Store: shop.ID, By: "anna", State: DraftOpen, Text: "全额退款，商品不用寄回。", Result: translate.Result{
		From: language.Chinese, To: language.German, Grade: translate.ByEngine, Engine: "local", Text: "Sie erhalten den vollen Betrag zurück. Eine Rücksendung ist nicht nötig.",
		Back: "您将收到全额退款，无需退货。"}}
	blocked, sent := draft, draft
	blocked.Result = translate.Result{From: language.Chinese, To: language.German, Grade: translate.Gloss, Text: "vollständige Rückerstattung(全额退款)，商品不用寄回。",
		Findings: []translate.Finding{{Severity: translate.Note, Code: "finding.no_engine"}}}
	sent.State, sent.SentBy, sent.Sent = DraftSent, "anna", at.Add(time.Minute)
	noted, against, facts := draft, draft, draft
	noted.Text = "退货标签已经发到您的邮箱，请查收。"
	noted.Result = translate.Result{From: language.Chinese, To: language.German, Grade: translate.ByEngine, Engine: "local",
		Text: "Das Rücksendeetikett haben wir Ihnen per E-Mail geschickt.", Back: "退货标签我们已经通过电子邮件发给您了。",
		Terms:    []translate.TermHit{{ID: "ret.label", Source: "退货标签", Target: "Rücksendeetikett", Draft: true, Version: 1}},
		Findings: []translate.Finding{{Severity: translate.Review, Code: "term_draft", What: "退货标签"}, {Severity: translate.Note, Code: "engine_down", What: "deepl"}}}
	against.Text = "请加我们的 WhatsApp：+49 151 23456789。"
	against.Result = translate.Result{From: language.Chinese, To: language.German, Grade: translate.ByEngine, Engine: "local",
		Text:     "Bitte schreiben Sie uns auf WhatsApp: +49 151 23456789.",
		Findings: []translate.Finding{{Severity: translate.Block, Code: lint.Contact, What: "+49 151 23456789"}}}
	facts.Text = "我们已向您退款 59.90 EUR，预计 2026-11-30 前到账。"
	facts.Result = translate.Result{From: language.Chinese, To: language.German, Grade: translate.ByEngine, Engine: "local",
		Text: "Wir haben Ihnen 59,90 EUR erstattet. Das Geld sollte bis zum 30.11.2026 bei Ihnen sein."}
	facts.Checking = "mark"
	waiting, changed, byItself := draft, sent, sent
	waiting.Auto = at.Add(20 * time.Second)
	changed.Unsent = "全额退款，商品不用寄回。另送您一张优惠券。"
	byItself.SentBy = people.Desk
	held := draft
	held.Held = "auto_person"

	ask := Payback{ID: "R7", Store: shop.ID, Order: "11-10001-20037", Number: "5139", By: "anna", State: RefundAsked, Body: PaybackBody{
		Cmd:   connectors.Refund{Order: "11-10001-20037", Amount: euro(5990), Reason: connectors.ReasonDamaged, Note: "盖子碎了 <见照片>", Before: euro(0)},
		Total: euro(19379), Left: euro(19379), Buyer: "Mia <Attrappe>", Titles: []string{"Rucksack 22 l, wasserdicht", "Bluetooth-Kopfhörer X3"}, Status: "shipped", Link: "https://example.com/orders/5139"}}
	open := approvals.Approval{Need: 1, Until: at.Add(24 * time.Hour)}
	voted := open
	voted.Votes = []approvals.Cast{{Who: people.ID("ben"), Yes: true, At: at.Add(time.Hour)}}
	refund := func(state RefundState, a approvals.Approval, why string) chat.Card {
		r := ask
		r.State, r.Error, r.Updated = state, why, at.Add(time.Hour)
		if state == RefundApproved {
			r.Due = at.Add(5 * time.Minute)
		}
		return refundCard(refundView{Refund: r, Approval: a, Store: shop, Name: names, Zone: time.UTC}, p)
	}

	asked := func() chat.Card {
		r, a := ask, voted
		a.Need, a.Votes = 3, append(a.Votes, approvals.Cast{Who: "carla", For: "dora", Yes: true})
		r.Body.Cmd.Note = strings.Repeat("盖子碎了，客户发来三张照片。", 20)
		return refundCard(refundView{Refund: r, Approval: a, Store: shop, Name: names, Zone: time.UTC,
			Lent:      []approvals.Delegation{{From: "dora", To: "carla"}},
			Questions: []approvals.Question{{By: "ben", Text: "Ist das Foto von dieser Bestellung?", Answer: "是的。", AnsweredBy: "anna"}, {By: "ben", Text: "Und die zweite Tasche?"}}}, p)
	}
	unknown := func() chat.Card {
		r := ask
		r.State, r.Error, r.Updated = RefundUnknown, askPerson, at.Add(time.Hour)
		return refundCard(refundView{Refund: r, Approval: voted, Store: shop, Name: names, Zone: time.UTC, Looks: []refundLook{
			{What: lookSent, First: at, Last: at, Times: 1}, {What: "down", First: at.Add(time.Minute), Last: at.Add(9 * time.Minute), Times: 7},
			{What: "unknown", Receipt: "50017", First: at.Add(10 * time.Minute), Last: at.Add(20 * time.Minute), Times: 4}}}, p)
	}

	again := func(state RefundState, a approvals.Approval, goods connectors.Goods) chat.Card {
		r := Replacement{Payback: ask, Carrier: "DHL", Tracking: "00340434161094042557", SentBy: "carla"}
		r.ID, r.State, r.Goods, r.Updated = "X3", state, true, at.Add(time.Hour)
		if state != RefundConfirmed {
			r.Carrier, r.Tracking, r.SentBy = "", "", ""
		}
		r.Body.LineIDs, r.Body.Cmd.Method, r.Body.Cmd.Goods = []string{"1", "2"}, inGoods, goods
		r.Body.Cmd.Lines = []connectors.RefundLine{{Line: "1", Quantity: 1, Amount: euro(5990)}}
		return replacementCard(refundView{Refund: r.Payback, Approval: a, Store: shop, Name: names, Zone: time.UTC}, r, p)
	}

	dead := alerts.Alert{ID: "A2", Kind: alerts.Token, Store: shop.ID, Severity: alerts.Critical, State: alerts.Firing, Count: 1, First: at, Last: at,
		Detail: map[string]string{"kind": connectors.Reauthorise.String(), "code": "invalid_grant", "link": "https://example.com/consent?store=ebay-de&x=1"}}
	mended := dead
	mended.State, mended.Ended, mended.Count, mended.Hidden = alerts.Resolved, at.Add(time.Hour), 12, 3
	due := alerts.Alert{ID: "A3", Kind: alerts.Calendar, Store: shop.ID, Severity: alerts.Warning, State: alerts.Firing, Count: 1, First: at, Last: at,
		Detail: map[string]string{"what": string(connectors.DueConsent), "at": at.AddDate(0, 0, 14).Format(time.RFC3339), "link": "https://example.com/consent"}}
	engine := alerts.Alert{ID: "A4", Kind: alerts.Words, Severity: alerts.Critical, State: alerts.Firing, Count: 1, First: at, Last: at,
		Detail: map[string]string{"what": "denied", "engines": "deepl,local"}}
	report := qualityView{Week: lastWeek(at, time.UTC), Now: figures{Written: 1210, Looked: 363, Sent: 1204, Edited: 42, Auto: 17, Approved: 3,
		Grades: map[string]int64{"exact": 240, "template": 120, "engine": 845, "gloss": 5}, Found: map[string]int64{"terms": 31, "confirm": 44, "rules": 2, "facts": 2},
		Missed: []missed{{"ret.label", 12}, {"own.7", 3}}, Engines: []engineFigures{{Name: "deepl", Calls: 151, Letters: 48210, Failed: 3,
			Kinds: map[string]int64{"down": 2, "busy": 1}, Cost: []connectors.Money{euro(97)}}, {Name: "local", Calls: 1, Letters: 80}}},
		Before: figures{Written: 1188, Looked: 371, Sent: 1180, Edited: 55, Grades: map[string]int64{"engine": 1187, "same": 1}, Found: map[string]int64{"terms": 40}}}
	run := sync.Run{ID: "S1", Store: shop.ID, Streams: []string{"orders", "messages"}, State: sync.Running, Done: 450, Total: 1200, Changed: 17, Bad: 2, By: "ben", Started: at}

	proposal := Proposal{ID: "T1", Kind: TermWord, Entry: "ret.label", Version: 1, Source: "退货标签", Target: "Retourenschein", Old: "Rücksendeetikett",
		From: language.MustParse("zh-CN"), To: language.German, Never: true, Why: "DHL <so heißt es> dort", Store: shop.ID, About: "draft:D3", State: TermProposed, By: "anna", At: at}
	taken := proposal
	taken.State, taken.Version, taken.DecidedBy, taken.Decided = TermApproved, 2, "ben", at.Add(time.Hour)

	all := []Sample{
		{"message", messageCard(messageView{Letter: letter, Store: shop, Res: read, HasRes: true, Zone: time.UTC}, p)},
		{"message-untranslated", messageCard(messageView{Letter: letter, Store: shop, Res: bare, HasRes: true, Zone: time.UTC}, p)},
		{"message-answered", messageCard(messageView{Letter: answered, Store: shop, Res: read, HasRes: true, Notes: 2, Answers: 1, Zone: time.UTC}, p)},
		{"note", noteCard(p, "Anna", "客户很急 <请优先>")},
		{"draft", draftCard(draftView{Draft: draft, Store: shop, By: "Anna", Zone: time.UTC}, p)},
		{"draft-blocked", draftCard(draftView{Draft: blocked, Store: shop, By: "Anna", Zone: time.UTC}, p)},
		{"draft-sent", draftCard(draftView{Draft: sent, Store: shop, By: "Anna", SentBy: "Anna", Zone: time.UTC}, p)},
		{"draft-noted", draftCard(draftView{Draft: noted, Store: shop, By: "Anna", Zone: time.UTC}, p)},
		{"draft-against-rules", draftCard(draftView{Draft: against, Store: shop, By: "Anna", Zone: time.UTC}, p)},
		{"draft-check", draftCard(draftView{Draft: facts, Store: shop, By: "Anna", Facts: facts.keyFacts(), Mark: facts.Checking, Zone: time.UTC}, p)},
		{"draft-waiting", draftCard(draftView{Draft: waiting, Store: shop, By: "Anna", Zone: time.UTC}, p)},
		{"draft-held", draftCard(draftView{Draft: held, Store: shop, By: "Anna", Zone: time.UTC}, p)},
		{"draft-sent-itself", draftCard(draftView{Draft: byItself, Store: shop, By: "Anna", SentBy: "Anna", Zone: time.UTC}, p)},
		{"draft-changed-late", draftCard(draftView{Draft: changed, Store: shop, By: "Anna", SentBy: "Anna", Zone: time.UTC}, p)},
		{"translation", TranslationCard(p, noted.Text, noted.Result)},
		{"refund-asked", refund(RefundAsked, open, "")},
		{"refund-asked-back", asked()},
		{"refund-void", voidCard(ask, shop, p)},
		{"refund-glass", glassCard(ask, glass{Refund: ask.ID, Who: "ben", Why: "The marketplace's deadline ends tonight", Missing: 1, Closed: true, At: at}, shop, names, time.UTC, p)},
		{"refund-confirmed", refund(RefundConfirmed, voted, "")},
		{"refund-unknown", unknown()},
		{"refund-waits", refund(RefundApproved, voted, "busy")},
		{"replacement-asked", again(RefundAsked, open, connectors.GoodsKept)},
		{"replacement-to-be-sent", again(RefundApproved, voted, connectors.GoodsBack)},
		{"replacement-sent", again(RefundConfirmed, voted, connectors.GoodsKept)},
		{"alert", alertCard(dead, shop, "", time.UTC, p)},
		{"alert-resolved", alertCard(mended, shop, "", time.UTC, p)},
		{"alert-calendar", alertCard(due, shop, "", time.UTC, p)},
		{"term-proposed", termCard(termView{Proposal: proposal, Threads: 3, Forbids: true, Scope: p.T("term.everywhere"), By: "Anna", Zone: time.UTC}, p)},
		{"term-approved", termCard(termView{Proposal: taken, Threads: 1, Scope: p.T("term.everywhere"), By: "Anna", DecidedBy: "Ben", Zone: time.UTC}, p)},
		{"alert-words", alertCard(engine, nil, "", time.UTC, p)},
		{"quality", qualityCard(report, p)},
		{"quality-empty", qualityCard(qualityView{Week: report.Week.before(), Stores: []string{shop.Name}}, p)},
		{"audit-head", headCard(audit.Mark{Day: "2026-11-30", N: 48213, Hash: "5b1f0c7d2e9a48366f7705c1d83ea94be20f8c61a7d35940be12f68c0d9a7e43"}, p)},
		{"run", runCard(run, shop, "Ben", time.UTC, p)},
	}
	for i := range all {
		all[i].Card.Lang = p.Lang().String()
	}
	return all
}
