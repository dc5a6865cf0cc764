package commands

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"helloworld/bot"
	"helloworld/bot/chat"
	"helloworld/connectors/tracking"
	"helloworld/i18n"
)

// openPhrase is the id of the phrase that a form chose, if something has still to
// be filled into it; else empty.
func openPhrase(c *Call, message string) (string, error) {
	if c.Has("text") || !c.Has("phrase") {
		return "", nil
	}
	x, ok, _, err := phraseNamed(c, message, c.Args["phrase"])
	if err != nil || !ok || len(x.Slots) == 0 {
		return "", err
	}
	return x.ID, nil
}

// phraseNamed finds a phrase that a message can be answered with.
func phraseNamed(c *Call, message, id string) (x bot.Phrase, ok bool, l bot.Letter, err error) {
	l, to, err := c.Desk.Answerable(c.Ctx, c.Deed, message)
	if err != nil {
		return x, false, l, err
	}
	all := c.Desk.Phrases(l, c.P, to)
	i := slices.IndexFunc(all, func(x bot.Phrase) bool { return x.ID == id })
	if i < 0 {
		return x, false, l, nil
	}
	return all[i], true, l, nil
}

// slotName is the name of a slot's answer in the form. It keeps clear of the
// other form's names, since answers become arguments.
func slotName(slot string) string { return "slot_" + slot }

// fillPhrase asks for what is open in a phrase, and once it is filled in makes a
// draft of it. id is the message, or the draft that is rewritten.
func fillPhrase(c *Call, id, phrase string) error {
	line := "reply fill " + id + " " + phrase
	message, about := id, "reply "+id
	if isID(id, 'D') {
		about = "reply edit " + id
		x, err := draftNamed(c, id)
		if err != nil {
			return err
		}
		message = x.Message
	}
	x, ok, l, err := phraseNamed(c, message, phrase)
	if err != nil {
		return err
	}
	if !ok {
		return i18n.NewProblem(nil, "reply.no_phrase", "phrase", clip(phrase, 60))
	}
	// Should the form not open, or not be filled in rightly, a button leads here
	// again, not to the choice before it.
	c.Line = line
	known, currency, err := c.Desk.SlotValues(c.Ctx, l)
	if err != nil {
		return err
	}
	answered := c.Filled && slices.ContainsFunc(x.Slots, func(s string) bool { return c.Has(slotName(s)) })
	// It goes on from the form that chose the phrase, and stands in its stead.
	f := slotForm(c, x, known)
	f.About = about
	if !answered {
		return c.Ask(line, f)
	}
	var wrong []error
	for i, slot := range x.Slots {
		got := c.Args[slotName(slot)]
		f.Inputs[i].Value = got
		if known[slot], err = readSlot(slot, got, currency); err != nil {
			f.Inputs[i].Refused = true
			wrong = append(wrong, err)
		}
	}
	if wrong != nil {
		return c.AskAgain(line, f, wrong...)
	}
	text, ok := x.Fill(known)
	if !ok {
		return i18n.NewProblem(nil, "reply.no_phrase", "phrase", clip(phrase, 60))
	}
	if isID(id, 'D') {
		return c.Desk.Rewrite(c.Ctx, c.Deed, id, text)
	}
	return c.Desk.Compose(c.Ctx, c.Deed, message, text, "")
}

func slotForm(c *Call, x bot.Phrase, known map[string]string) chat.Form {
	f := chat.Form{Title: c.P.T("reply.form.fill"), Intro: x.Text, Submit: c.P.T("reply.form.submit")}
	for _, slot := range x.Slots {
		f.Inputs = append(f.Inputs, chat.FormInput{Name: slotName(slot), Kind: chat.Line, Value: known[slot],
			Label: c.P.T(i18n.Key("slot." + slot)), Hint: c.P.T(i18n.Key("slot.hint." + slot))})
	}
	return f
}

// readSlot checks what was filled into a slot. What is taken goes to the buyer as
// it was written, but for its width and the spaces around it.
func readSlot(slot, got, currency string) (string, error) {
	got = strings.TrimSpace(narrow(got))
	bad := i18n.NewProblem(nil, i18n.Key("slot.bad."+slot), "got", clip(got, 60))
	switch slot {
	case "amount":
		return readSum(got, currency)
	case "date":
		if !isDate(got) {
			return "", bad
		}
	case "n":
		n, err := strconv.Atoi(got)
		if err != nil || n < 1 || n > 365 {
			return "", bad
		}
		return strconv.Itoa(n), nil
	case "tracking":
		r := tracking.Parse(got, tracking.Hint{})
		if len(r.Number) < 8 || len(r.Number) > 40 || !strings.ContainsFunc(r.Number, unicode.IsDigit) ||
			len(r.Candidates) > 0 && r.Best() == "" {
			return "", bad
		}
		// A carrier's name before it is for the buyer to read, and no part of it.
		if !slices.ContainsFunc(strings.Fields(got), func(w string) bool { return strings.Trim(w, letters) == "" && len(w) > 2 }) {
			return r.Number, nil
		}
	case "order":
		if _, _, ok := readOrder(got, ""); !ok {
			return "", bad
		}
	}
	return got, nil
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// readSum reads an amount with its currency; where the order's is known, it may
// be left out.
func readSum(got, currency string) (string, error) {
	number, sign := cutCurrency(got)
	code := currency
	if of := signs[sign]; currency == "" && len(of) == 1 {
		code = of[0]
	} else if currency == "" && len(sign) == 3 && signs[sign] == nil {
		code = sign
	}
	if code == "" || number == "" {
		return "", i18n.NewProblem(nil, "slot.bad.amount", "got", clip(got, 60))
	}
	m, err := ParseAmount(got, code)
	if err != nil {
		return "", err
	}
	if m.Minor <= 0 {
		return "", i18n.NewProblem(nil, "slot.bad.amount", "got", clip(got, 60))
	}
	return m.String(), nil
}

// isDate tells whether a date is one, and only one: 3/4/2026 is April to one
// reader and March to another.
func isDate(s string) bool {
	for _, layout := range []string{"2006-1-2", "2006/1/2", "2.1.2006", "2.1.", "2006年1月2日", "1月2日", "2006年1月2号", "1月2号"} {
		if _, err := time.Parse(layout, s); err == nil {
			return true
		}
	}
	british, err := time.Parse("2/1/2006", s)
	american, err2 := time.Parse("1/2/2006", s)
	return (err == nil) != (err2 == nil) || err == nil && british.Equal(american)
}
