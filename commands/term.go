package commands

import (
	"slices"
	"strings"

	"golang.org/x/text/language"

	"helloworld/bot"
	"helloworld/bot/chat"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/i18n"
)

var term = &Spec{Name: "term", Zh: []string{"术语", "译法"}, Roles: []people.Role{people.Agent, people.Manager, people.Admin},
	Args: []Arg{{Name: "what", Kind: Rest, Optional: true}}, Run: runTerm}

// runTerm proposes what a word is to become, and decides on proposals:
//
//	term | term WORD | term [add] WORD = OTHER [en>zh-CN] [store NAME] [never] [as ID] [why TEXT]
//	term list | term T1 | term approve T1 | term decline T1 [why] | term drop ID | term still T1 | term again T1
func runTerm(c *Call) error {
	what := strings.TrimSpace(c.Args["what"])
	if c.Filled {
		return filledTerm(c, what)
	}
	if source, target, ok := splitTerm(what); ok {
		return proposeTerm(c, source, target)
	}
	verb, rest := cutWord(what)
	if do, ok := termVerbs[strings.ToLower(narrow(verb))]; ok {
		return do(c, strings.TrimSpace(rest))
	}
	if id := strings.ToUpper(narrow(what)); isID(id, 'T') {
		return c.Desk.ShowTerm(c.Ctx, c.Deed, id)
	}
	return askTerm(c, strings.TrimSpace(strings.TrimPrefix(what, "add ")))
}

// termVerbs are what else can be done, in the languages of the desk.
var termVerbs = map[string]func(c *Call, rest string) error{
	"list": listTerms, "列表": listTerms,
	"approve": decideTerm(true), "批准": decideTerm(true),
	"decline": decideTerm(false), "不采纳": decideTerm(false),
	"drop": dropTerm, "停用": dropTerm,
	"still": stillTerm,
	"again": func(c *Call, rest string) error { return c.Desk.SayAgain(c.Ctx, c.Deed, termID(rest)) },
}

func termID(s string) string { return strings.ToUpper(narrow(strings.TrimSpace(s))) }

func decideTerm(yes bool) func(c *Call, rest string) error {
	return func(c *Call, rest string) error {
		id, why := cutWord(rest)
		return c.Desk.DecideTerm(c.Ctx, c.Deed, termID(id), yes, c.Facts, why)
	}
}

func dropTerm(c *Call, rest string) error {
	return c.Desk.DropTerm(c.Ctx, c.Deed, strings.ToLower(narrow(rest)))
}

// termSigns stand between a word and what it should become; the longest first.
var termSigns = []string{"=>", "->", "＝＞", "→", "＝", "="}

// splitTerm takes a word and what it should become apart.
func splitTerm(s string) (source, target string, ok bool) {
	at, sign := -1, ""
	for _, x := range termSigns {
		if i := strings.Index(s, x); i >= 0 && (at < 0 || i < at) {
			at, sign = i, x
		}
	}
	if at < 0 {
		return "", "", false
	}
	source = strings.TrimSpace(s[:at])
	for _, add := range []string{"add ", "添加 "} {
		if len(source) > len(add) && strings.EqualFold(source[:len(add)], add) {
			source = strings.TrimSpace(source[len(add):])
		}
	}
	return source, strings.TrimSpace(s[at+len(sign):]), true
}

// termOptions takes what stands in brackets at the end of a wording off it.
func termOptions(s string) (rest string, options []string) {
	for {
		s = strings.TrimSpace(s)
		open, shut := "[", "]"
		if strings.HasSuffix(s, "】") {
			open, shut = "【", "】"
		}
		i := strings.LastIndex(s, open)
		if i < 0 || !strings.HasSuffix(s, shut) {
			slices.Reverse(options)
			return s, options
		}
		s, options = s[:i], append(options, strings.TrimSpace(s[i+len(open):len(s)-len(shut)]))
	}
}

// readTermOption understands one option.
func readTermOption(c *Call, a *bot.TermAsk, option string) error {
	word, rest := cutWord(option)
	switch rest = strings.TrimSpace(rest); strings.ToLower(narrow(word)) {
	case "store", "店铺":
		s, err := c.Desk.StoreFor(c.Ctx, c.Who, narrow(rest))
		if err != nil {
			return err
		}
		a.Scope.Store, a.Scope.Platform = s.ID, ""
		return nil
	case "platform", "平台":
		return platformScope(c, a, narrow(rest))
	case "never", "禁用旧译", "禁用":
		a.Never = true
		return nil
	case "as", "条目":
		a.Entry = strings.ToLower(narrow(rest))
		return nil
	case "why", "理由", "原因":
		a.Why = rest
		return nil
	}
	from, to, ok := readPair(option)
	if !ok {
		return i18n.NewProblem(nil, "term.lang_unknown", "got", clip(option, 40))
	}
	a.From, a.To = from, to
	return nil
}

// platformScope takes a platform by its id or its name, of those that somebody's
// stores are on.
func platformScope(c *Call, a *bot.TermAsk, name string) error {
	for _, s := range c.Desk.Shops(c.Who) {
		platform := s.Shop.Info().Platform
		if strings.EqualFold(platform, name) || strings.EqualFold(bot.PlatformName(c.P, platform), name) {
			a.Scope.Platform, a.Scope.Store = platform, ""
			return nil
		}
	}
	return i18n.NewProblem(nil, "term.platform_none", "got", clip(name, 40))
}

// readPair reads two languages: en>zh-CN.
func readPair(s string) (from, to language.Tag, ok bool) {
	a, b, ok := strings.Cut(strings.ReplaceAll(narrow(s), "→", ">"), ">")
	if !ok {
		return from, to, false
	}
	from, errA := language.Parse(strings.TrimSpace(a))
	to, errB := language.Parse(strings.TrimSpace(b))
	return from, to, errA == nil && errB == nil
}

func proposeTerm(c *Call, source, target string) error {
	a := bot.TermAsk{Source: source}
	var options []string
	a.Target, options = termOptions(target)
	for _, x := range options {
		if err := readTermOption(c, &a, x); err != nil {
			return err
		}
	}
	var err error
	if a.About, err = matterHere(c); err != nil {
		return err
	}
	return c.Desk.ProposeTerm(c.Ctx, c.Deed, a)
}

// matterHere is the draft or message whose thread this is; empty elsewhere.
func matterHere(c *Call) (matter string, err error) {
	err = c.Desk.Look(c.Ctx, func(tx *store.Tx) (err error) {
		matter, err = c.Desk.MatterAt(tx, c.Event.Place)
		return err
	})
	if kind, _, _ := strings.Cut(matter, ":"); kind != "msg" && kind != "draft" {
		matter = ""
	}
	return matter, err
}

// termTongues are the languages that a form offers.
var termTongues = []string{"zh-CN", "zh-TW", "en", "de", "fr", "es", "it", "ja", "pt", "ko", "ru"}

// askTerm opens the form, with what the thread tells filled in.
func askTerm(c *Call, source string) error {
	about, err := matterHere(c)
	if err != nil {
		return err
	}
	spot, err := c.Desk.TermSpot(c.Ctx, c.Deed, about)
	if err != nil {
		return err
	}
	from, to := bot.TermLangs(source, "", spot.From, spot.To, c.Who.Lang)
	if source == "" || from == language.Und {
		from, to = spot.From, spot.To
	}
	tongue := func(name string, key i18n.Key, preset language.Tag) chat.FormInput {
		in := chat.FormInput{Name: name, Label: c.P.T(key), Kind: chat.Choice}
		for _, lang := range termTongues {
			tag := language.MustParse(lang)
			in.Options = append(in.Options, chat.Option{Value: lang, Label: c.P.T("term.tongue", "name", bot.LangName(c.P, tag), "code", lang)})
			if base, _ := tag.Base(); in.Value == "" && preset != language.Und && strings.HasPrefix(preset.String(), base.String()) {
				in.Value = lang
			}
		}
		return in
	}
	scope := chat.FormInput{Name: "scope", Label: c.P.T("term.form.scope"), Kind: chat.Choice, Value: "*",
		Options: []chat.Option{{Value: "*", Label: c.P.T("term.everywhere")}}}
	var platforms []string
	stores := c.Desk.Shops(c.Who)
	if spot.Store != nil {
		stores = []*bot.Store{spot.Store}
	}
	for _, s := range stores[:min(len(stores), 30)] {
		if p := s.Shop.Info().Platform; !slices.Contains(platforms, p) {
			platforms = append(platforms, p)
			scope.Options = append(scope.Options, chat.Option{Value: "platform " + p, Label: c.P.T("term.on_platform", "platform", bot.PlatformName(c.P, p))})
		}
		scope.Options = append(scope.Options, chat.Option{Value: "store " + s.ID, Label: c.P.T("term.only_store", "store", s.Name)})
	}
	return c.Ask("term form "+about, chat.Form{Title: c.P.T("term.form.title"), Intro: c.P.T("term.form.intro"), Submit: c.P.T("term.form.submit"),
		Inputs: []chat.FormInput{
			{Name: "source", Label: c.P.T("term.form.source"), Kind: chat.Line, Value: clip(source, 200)},
			{Name: "target", Label: c.P.T("term.form.target"), Kind: chat.Line},
			tongue("from", "term.form.from", from), tongue("to", "term.form.to", to),
			scope,
			{Name: "old", Label: c.P.T("term.form.old"), Kind: chat.Choice, Value: "fine", Options: []chat.Option{
				{Value: "fine", Label: c.P.T("term.form.old_fine")}, {Value: "never", Label: c.P.T("term.form.old_never")}}},
			{Name: "why", Label: c.P.T("term.form.why"), Kind: chat.Line, Optional: true},
		}})
}

// filledTerm proposes what the form says.
func filledTerm(c *Call, what string) error {
	_, about := cutWord(what)
	a := bot.TermAsk{Source: c.Args["source"], Target: c.Args["target"], Never: c.Args["old"] == "never", Why: c.Args["why"], About: about}
	for _, option := range []string{c.Args["from"] + ">" + c.Args["to"], strings.TrimPrefix(c.Args["scope"], "*")} {
		if option == "" {
			continue
		}
		if err := readTermOption(c, &a, option); err != nil {
			return err
		}
	}
	return c.Desk.ProposeTerm(c.Ctx, c.Deed, a)
}

// listTerms shows what waits and what was decided last.
func listTerms(c *Call, _ string) error {
	waiting, decided, err := c.Desk.Proposals(c.Ctx, c.Who)
	if err != nil {
		return err
	}
	if len(waiting)+len(decided) == 0 {
		return c.Say("term.list_none")
	}
	card := chat.Card{Lang: c.P.Lang().String(), Title: c.P.T("term.list")}
	lines := func(key i18n.Key, list []bot.Proposal) {
		var all []string
		for _, x := range list {
			if x.Kind == bot.TermDrop {
				all = append(all, c.P.T("term.line_drop", "id", x.ID, "entry", x.Entry, "who", c.Desk.People.Name(x.By)))
			} else {
				all = append(all, c.P.T("term.line", "id", x.ID, "source", x.Source, "target", x.Target, "who", c.Desk.People.Name(x.By)))
			}
		}
		if len(all) > 0 {
			card.Parts = append(card.Parts, chat.Part{Kind: chat.Text, Label: c.P.T(key), Text: strings.Join(all, "\n")})
		}
	}
	lines("term.list_waiting", waiting)
	lines("term.list_decided", decided)
	for _, x := range waiting[:min(len(waiting), 5)] {
		card.Buttons = append(card.Buttons, chat.Button{Label: x.ID, Command: "term " + x.ID})
	}
	return c.Whisper(card)
}

// stillTerm shows where an old wording still stands.
func stillTerm(c *Call, rest string) error {
	x, drafts, messages, err := c.Desk.StillUsing(c.Ctx, c.Deed, termID(rest))
	if err != nil {
		return err
	}
	if len(drafts)+len(messages) == 0 {
		return c.Say("term.still_none")
	}
	card := chat.Card{Lang: c.P.Lang().String(), Title: c.P.T("term.still_title", "id", x.ID)}
	line := func(key i18n.Key, ids []string) {
		if len(ids) > 0 {
			card.Parts = append(card.Parts, chat.Part{Kind: chat.Text, Text: c.P.T(key, "ids", strings.Join(ids[:min(len(ids), 50)], c.P.T("common.comma")))})
		}
	}
	line("term.still_drafts", drafts)
	line("term.still_messages", messages)
	if len(drafts) > 0 && x.State == bot.TermApproved {
		card.Buttons = []chat.Button{{Label: c.P.T("term.again"), Command: "term again " + x.ID, Tone: chat.Primary}}
	}
	return c.Whisper(card)
}
