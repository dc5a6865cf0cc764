// Package apertium asks an Apertium APy server, which translates by rules on
// one's own machine.
//
// # Why
//
// It takes one text a call, so that a batch is so many calls; each is a matter
// of milliseconds. It reads its input as HTML: a text is escaped, and the
// tokens, which are tags, are left as they are, since a tag is what it moves
// about most carefully.
//
// Which pairs a server has depends on what is installed there, so it is asked.
package apertium

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/text/language"

	"helloworld/i18n/translate"
)

var _ translate.Engine = (*Engine)(nil)

// Config is where the server is.
type Config struct {
	// BaseURL is the server's address: "http://127.0.0.1:2737".
	BaseURL string
	// HTTP is the client; nil makes one.
	HTTP *http.Client
	// Timeout bounds one request; 0 means 15 seconds.
	Timeout time.Duration
	// Name is the engine's name on cards; empty means "apertium".
	Name string
	// Now is the clock; nil is the real one.
	Now func() time.Time
}

// Engine translates with Apertium.
type Engine struct {
	name  string
	wire  translate.Wire
	pairs *translate.Pairs
}

// New makes an engine. It does no I/O.
func New(c Config) (*Engine, error) {
	if c.Name == "" {
		c.Name = "apertium"
	}
	if c.Timeout <= 0 {
		c.Timeout = 15 * time.Second
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	w, err := translate.Wire{Engine: c.Name, HTTP: c.HTTP, Timeout: c.Timeout}.Open(c.BaseURL)
	if err != nil {
		return nil, err
	}
	e := &Engine{name: c.Name, wire: w}
	e.pairs = &translate.Pairs{Ask: e.list, Now: c.Now}
	return e, nil
}

// Name is the engine's name.
func (e *Engine) Name() string { return e.name }

// Translate asks for one text after the other.
func (e *Engine) Translate(ctx context.Context, batch []translate.Segment, from, to language.Tag) ([]string, error) {
	if len(batch) == 0 {
		return nil, nil
	}
	a, b, ok, err := e.pairs.Find(ctx, codes(from), codes(to))
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, e.wire.Fail(translate.NoPair, "the server has no %s to %s", from, to)
	}
	out := make([]string, len(batch))
	for i, s := range batch {
		if out[i], err = e.ask(ctx, s.Text, a+"|"+b); err != nil {
			return nil, err
		}
	}
	return e.wire.Count(out, batch)
}

// codes are the names Apertium has for a language, best first: the three letters
// of ISO 639-3, and for variants those with a region.
func codes(t language.Tag) []string {
	base, _ := t.Base()
	code := base.ISO3()
	switch code {
	case "nor":
		code = "nob" // what Norwegians write, most of them
	case "zho":
		code = "cmn"
	case "srp", "hrv", "bos":
		code = "hbs"
	}
	var out []string
	if region, sure := t.Region(); sure == language.Exact {
		out = append(out, code+"_"+region.String())
	}
	return append(out, code)
}

type listed struct {
	ResponseData []struct {
		Source string `json:"sourceLanguage"`
		Target string `json:"targetLanguage"`
	} `json:"responseData"`
	Status int `json:"responseStatus"`
}

func (e *Engine) list(ctx context.Context) (map[string]bool, error) {
	data, err := e.wire.Ask(ctx, http.MethodGet, "listPairs", nil, nil, nil)
	if err != nil {
		return nil, err
	}
	var l listed
	if err := e.wire.Read(data, &l); err != nil {
		return nil, err
	}
	if l.Status != http.StatusOK {
		return nil, e.wire.Fail(translate.BadAnswer, "the list of pairs has status %d within", l.Status)
	}
	pairs := map[string]bool{}
	for _, p := range l.ResponseData {
		pairs[p.Source+">"+p.Target] = true
	}
	return pairs, nil
}

type translated struct {
	ResponseData struct {
		Text string `json:"translatedText"`
	} `json:"responseData"`
	Status int `json:"responseStatus"`
}

func (e *Engine) ask(ctx context.Context, text, pair string) (string, error) {
	if strings.TrimSpace(text) == "" {
		return text, nil
	}
	data, err := e.wire.Ask(ctx, http.MethodPost, "translate", nil, nil,
		url.Values{"langpair": {pair}, "q": {translate.Markup(text)}, "markUnknown": {"no"}, "format": {"html"}})
	if err != nil {
		return "", err
	}
	var got translated
	if err := e.wire.Read(data, &got); err != nil {
		return "", err
	}
	if got.Status != http.StatusOK {
		return "", e.wire.Fail(translate.BadAnswer, "the answer has status %d within", got.Status)
	}
	return translate.FromMarkup(got.ResponseData.Text), nil
}
