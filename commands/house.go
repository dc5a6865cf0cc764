package commands

import (
	"errors"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"helloworld/bot/chat"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/i18n"
)

var (
	link = &Spec{Name: "link", Zh: []string{"绑定"}, Stranger: true, Args: []Arg{{Name: "code", Kind: Word, Optional: true}}, Run: runLink}
	// Its file calls it peopleCmd because people is the package of the staff.
	peopleCmd = &Spec{Name: "people", Zh: []string{"成员", "人员"}, Roles: []people.Role{people.Admin},
		Args: []Arg{{Name: "what", Kind: Rest, Optional: true}}, Run: runPeople}
	langCmd = &Spec{Name: "lang", Zh: []string{"语言"}, Args: []Arg{{Name: "lang", Kind: Word, Optional: true}}, Run: runLang}
)

// runLink without a code gives the asker one; with a code it links the account
// it was said from. The code is whispered, works once, and for a quarter of an
// hour.
func runLink(c *Call) error {
	code := c.Args["code"]
	if code == "" {
		if !c.Known {
			return i18n.NewProblem(nil, "link.how", "chat", c.Event.Place.Chat, "account", c.Event.Account.ID)
		}
		return c.commit(func(tx *store.Tx) error {
			code, err := c.Desk.People.Code(tx, c.Who.ID)
			if err != nil {
				return err
			}
			card := chat.Card{Lang: c.P.Lang().String(), Title: c.P.T("link.code"), Parts: []chat.Part{
				{Kind: chat.Code, Text: "/desk link " + code}, {Kind: chat.Note, Text: c.P.T("link.explain", "n", int(people.CodeLife.Minutes()))}}}
			return c.Desk.Whisper(tx, c.Event, card)
		})
	}
	err := c.commit(func(tx *store.Tx) error {
		id, err := c.Desk.People.Redeem(tx, code)
		if err != nil {
			return err
		}
		if err := c.Desk.People.Link(tx, c.Event.Place.Chat, c.Event.Account.ID, c.Event.Account.Name, id); err != nil {
			return err
		}
		if err := c.Desk.Audit.Append(tx, string(id), "people.linked", "person:"+string(id), map[string]any{
			"chat": c.Event.Place.Chat, "account": c.Event.Account.ID}); err != nil {
			return err
		}
		p, _ := c.Desk.People.Get(c.Ctx, id)
		return c.Desk.Whisper(tx, c.Event, chat.Card{Tone: chat.Good, Parts: []chat.Part{{Kind: chat.Text, Text: i18n.For(p.Lang).T("link.done", "name", p.Name)}}})
	})
	switch {
	case errors.Is(err, people.ErrCode):
		return i18n.NewProblem(nil, "link.bad_code")
	case errors.Is(err, people.ErrTaken):
		return i18n.NewProblem(nil, "link.taken")
	}
	return err
}

// runPeople lists the staff, and changes it:
//
//	people add ID NAME | people role ID agent,manager | people stores ID all|store,store
//	people link ID CHAT ACCOUNT | people unlink CHAT ACCOUNT | people disable ID | people enable ID | people code ID
func runPeople(c *Call) error {
	w := strings.Fields(c.Args["what"])
	if len(w) == 0 {
		return listPeople(c)
	}
	do, ok := staffVerbs[strings.ToLower(narrow(w[0]))]
	if !ok || len(w)-1 < do.args {
		return i18n.NewProblem(nil, "people.usage")
	}
	var said string
	err := c.commit(func(tx *store.Tx) (err error) {
		if said, err = do.run(c, tx, w[1:]); err != nil {
			return err
		}
		if err := c.Desk.Audit.Append(tx, string(c.Who.ID), "people."+strings.ToLower(w[0]), "person:"+w[1], staffDetail(w)); err != nil {
			return err
		}
		return c.Desk.Whisper(tx, c.Event, chat.Card{Lang: c.P.Lang().String(), Tone: chat.Good, Parts: []chat.Part{{Kind: chat.Text, Text: said}}})
	})
	switch {
	case errors.Is(err, people.ErrNobody):
		return i18n.NewProblem(nil, "people.nobody", "id", w[1])
	case errors.Is(err, people.ErrTaken):
		return i18n.NewProblem(nil, "people.taken")
	case errors.Is(err, people.ErrLastAdmin):
		return i18n.NewProblem(nil, "people.last_admin")
	case errors.Is(err, people.ErrID):
		return i18n.NewProblem(nil, "people.bad_id", "id", clip(w[1], 40))
	}
	return err
}

// staffDetail is what the audit log keeps of it: a name is nothing for a log that
// is kept for ever.
func staffDetail(w []string) map[string]any {
	if strings.EqualFold(w[0], "add") {
		return map[string]any{"args": w[1:2]}
	}
	return map[string]any{"args": w[1:]}
}

type staffVerb struct {
	args int
	run  func(c *Call, tx *store.Tx, w []string) (said string, err error)
}

var staffVerbs = map[string]staffVerb{
	"add": {2, func(c *Call, tx *store.Tx, w []string) (string, error) {
		if _, ok := c.Desk.People.Get(c.Ctx, people.ID(w[0])); ok {
			return "", i18n.NewProblem(nil, "people.exists", "id", w[0])
		}
		p := people.Person{ID: people.ID(w[0]), Name: strings.Join(w[1:], " "), Lang: c.Who.Lang}
		return c.P.T("people.added", "id", w[0]), c.Desk.People.Save(tx, p)
	}},
	"role": {2, changed(func(c *Call, p *people.Person, w []string) error {
		p.Roles = nil
		for _, r := range splitList(w) {
			role := people.Role(strings.ToLower(r))
			if !slices.Contains(people.Roles, role) {
				return i18n.NewProblem(nil, "people.no_role", "role", clip(r, 40))
			}
			p.Roles = append(p.Roles, role)
		}
		return nil
	})},
	"stores": {2, changed(func(c *Call, p *people.Person, w []string) error {
		p.Stores = nil
		for _, s := range splitList(w) {
			if s == "all" || s == "全部" || s == people.EveryStore {
				p.Stores = []string{people.EveryStore}
				return nil
			}
			if _, ok := c.Desk.Shop(s); !ok {
				return i18n.NewProblem(nil, "people.no_store", "store", clip(s, 40))
			}
			p.Stores = append(p.Stores, s)
		}
		return nil
	})},
	"disable": {1, changed(func(_ *Call, p *people.Person, _ []string) error { p.Disabled = true; return nil })},
	"enable":  {1, changed(func(_ *Call, p *people.Person, _ []string) error { p.Disabled = false; return nil })},
	"link": {3, func(c *Call, tx *store.Tx, w []string) (string, error) {
		if _, ok := c.Desk.Chat(w[1]); !ok {
			return "", i18n.NewProblem(nil, "people.no_chat", "chat", clip(w[1], 40), "chats", strings.Join(c.Desk.ChatNames(), ", "))
		}
		return c.P.T("people.linked", "id", w[0], "chat", w[1], "account", w[2]), c.Desk.People.Link(tx, w[1], w[2], "", people.ID(w[0]))
	}},
	"unlink": {2, func(c *Call, tx *store.Tx, w []string) (string, error) {
		was, err := c.Desk.People.Unlink(tx, w[0], w[1])
		if err == nil && !was {
			return "", i18n.NewProblem(nil, "people.no_account")
		}
		return c.P.T("people.unlinked", "chat", w[0], "account", w[1]), err
	}},
	"code": {1, func(c *Call, tx *store.Tx, w []string) (string, error) {
		if _, ok := c.Desk.People.Get(c.Ctx, people.ID(w[0])); !ok {
			return "", people.ErrNobody
		}
		code, err := c.Desk.People.Code(tx, people.ID(w[0]))
		return codeText(c, w[0], code), err
	}},
}

// codeText is a one-time code and what can be done with it: who cannot get into
// the console yet has nowhere to type a command but in another chat.
func codeText(c *Call, id, code string) string {
	lines := []string{c.P.T("people.code", "id", id, "code", code, "n", int(people.CodeLife.Minutes()))}
	console := c.Desk.ConsoleURL
	if console != "" {
		lines = append(lines, c.P.T("people.code_console", "link", console+"/in/"+code))
	}
	if console == "" || len(c.Desk.ChatNames()) > 1 {
		lines = append(lines, c.P.T("people.code_chat", "code", code))
	}
	return strings.Join(lines, "\n")
}

// changed is a verb that changes a person.
func changed(change func(c *Call, p *people.Person, w []string) error) func(*Call, *store.Tx, []string) (string, error) {
	return func(c *Call, tx *store.Tx, w []string) (string, error) {
		p, ok := c.Desk.People.Get(c.Ctx, people.ID(w[0]))
		if !ok {
			return "", people.ErrNobody
		}
		if err := change(c, &p, w[1:]); err != nil {
			return "", err
		}
		return c.P.T("people.changed", "id", w[0]), c.Desk.People.Save(tx, p)
	}
}

func splitList(w []string) []string {
	return strings.FieldsFunc(strings.Join(w, ","), func(r rune) bool { return r == ',' || r == '，' || r == '、' })
}

func listPeople(c *Call) error {
	card := chat.Card{Lang: c.P.Lang().String(), Title: c.P.T("people.title")}
	var fields []chat.Field
	for _, p := range c.Desk.People.All(c.Ctx) {
		parts := []string{p.Name, roleNames(c.P, p.Roles), strings.Join(p.Stores, ", ")}
		if p.Disabled {
			parts = append(parts, c.P.T("people.disabled"))
		}
		for _, a := range c.Desk.People.Accounts(c.Ctx, p.ID) {
			parts = append(parts, a.Chat+" "+a.ID)
		}
		parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
		fields = append(fields, chat.Field{Label: string(p.ID), Value: strings.Join(parts, " · ")})
	}
	card.Parts = []chat.Part{{Kind: chat.Fields, Fields: fields}, {Kind: chat.Note, Text: c.P.T("people.usage")}}
	return c.Whisper(card)
}

// runLang changes the language that the desk speaks with a person.
func runLang(c *Call) error {
	want := strings.ToLower(c.Args["lang"])
	names := map[string]string{"中文": "zh-CN", "zh": "zh-CN", "zh-cn": "zh-CN", "chinese": "zh-CN", "en": "en", "english": "en", "英文": "en", "英语": "en"}
	if want == "" {
		card := chat.Card{Lang: c.P.Lang().String(), Parts: []chat.Part{{Kind: chat.Text, Text: c.P.T("lang.now")}},
			Buttons: []chat.Button{{Label: "中文", Command: "lang zh-CN"}, {Label: "English", Command: "lang en"}}}
		return c.Whisper(card)
	}
	tag, ok := names[want]
	if !ok {
		return i18n.NewProblem(nil, "lang.unknown", "got", clip(c.Args["lang"], 40))
	}
	p := c.Who
	p.Lang = language.Make(tag)
	return c.commit(func(tx *store.Tx) error {
		if err := c.Desk.People.Save(tx, p); err != nil {
			return err
		}
		return c.Desk.Whisper(tx, c.Event, chat.Card{Lang: tag, Parts: []chat.Part{{Kind: chat.Text, Text: i18n.For(p.Lang).T("lang.done")}}})
	})
}
