package bot

import (
	"context"
	"slices"

	"golang.org/x/text/language"

	"helloworld/i18n/translate"
)

// Interpret translates a text for somebody, and sends nothing. message is the
// buyer's message it belongs to, empty if there is none; und as the language
// means the buyer's there, and the reader's elsewhere.
func (d *Desk) Interpret(ctx context.Context, by Deed, message, text string, to language.Tag) (translate.Result, error) {
	req := translate.Request{Text: text, To: to, Site: by.Who.Lang, History: []language.Tag{by.Who.Lang}}
	// Nobody knows whose words these are: if any shop of theirs keeps its buyers'
	// words here, these stay too.
	req.Local = slices.ContainsFunc(d.Shops(by.Who), func(s *Store) bool { return s.Local })
	guessed := to == language.Und
	if guessed {
		req.To = by.P.Lang()
	}
	order := ""
	if message != "" {
		l, s, buyer, err := d.letterFor(ctx, by, message)
		if err != nil {
			return translate.Result{}, err
		}
		w, err := d.wording(ctx, s, l)
		if err != nil {
			return translate.Result{}, err
		}
		req.Store, req.Platform, req.Local, req.Names = w.Store, w.Platform, w.Local, w.Names
		if guessed {
			req.To = buyer
		}
		req.Outgoing, order = sameTongue(req.To, buyer), l.Order
	}
	var res translate.Result
	var err error
	if req.Outgoing {
		res, err = d.outward(ctx, req, order, 0)
	} else {
		res, err = d.Words.Do(ctx, req)
	}
	if err == nil && guessed && res.Grade == translate.Same && !sameTongue(req.To, by.P.Lang()) {
		// It is the buyer's own words that somebody wants to read.
		req.To, req.Outgoing = by.P.Lang(), false
		res, err = d.Words.Do(ctx, req)
	}
	return res, err
}

// InterpretLetter translates a buyer's message into the reader's own language.
func (d *Desk) InterpretLetter(ctx context.Context, by Deed, message string) (Letter, translate.Result, error) {
	l, s, _, err := d.letterFor(ctx, by, message)
	if err != nil {
		return l, translate.Result{}, err
	}
	req, err := d.wording(ctx, s, l)
	if err != nil {
		return l, translate.Result{}, err
	}
	req.Text, req.From, req.To, req.Site = l.Text, l.Spoken, by.P.Lang(), d.site(s, l)
	res, err := d.Words.Do(ctx, req)
	return l, res, err
}

// Languages are those that have a name in the catalogues, under "lang.name.".
var Languages = []string{"zh", "en", "de", "fr", "es", "it", "ja", "pt", "ko", "ru", "nl", "pl", "tr", "ar", "sv"}
