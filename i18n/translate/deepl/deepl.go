// Package deepl asks DeepL to translate.
//
// # Why
//
// Texts go as XML, since DeepL leaves alone what stands in a tag that it is told
// to ignore; the rest of a text is escaped, so that nothing a buyer writes is
// taken for markup.
//
// The service takes fields it does not know without a word, so that a misspelt
// one loses the glossary silently: requests are structs, and the tests hold each
// field's name. The language of the source is always given, because a glossary
// is refused without it, and no context is sent, because it was reported to
// switch the glossary off.
package deepl

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"golang.org/x/text/language"

	"helloworld/i18n/translate"
)

var _ translate.Engine = (*Engine)(nil)

// Config is the account and how it is used.
type Config struct {
	// Key is the account's; one of a free account ends in ":fx".
	Key translate.Secret
	// BaseURL is the service's address; empty means the one that the key is for.
	BaseURL string
	// Words are kept at the service as a glossary; nil keeps none.
	Words Words
	// HTTP is the client; nil makes one.
	HTTP *http.Client
	// Timeout bounds one request; 0 means 30 seconds.
	Timeout time.Duration
	// Name is the engine's name on cards; empty means "deepl".
	Name string
	// Now is the clock; nil is the real one.
	Now func() time.Time
	Log *slog.Logger
}

// Words are the terms that hold everywhere, for the service's own glossary.
type Words interface {
	// Version changes whenever any pair does.
	Version() string
	Pairs(from, to language.Tag) []translate.TermPair
}

// Engine translates with DeepL.
type Engine struct {
	name     string
	wire     translate.Wire
	header   http.Header
	glossary *keeper
}

// New makes an engine. It does no I/O.
func New(c Config) (*Engine, error) {
	if c.Name == "" {
		c.Name = "deepl"
	}
	if c.Key == "" {
		return nil, fmt.Errorf("%s: there is no key", c.Name)
	}
	if c.BaseURL == "" {
		c.BaseURL = "https://api.deepl.com"
		if strings.HasSuffix(string(c.Key), ":fx") {
			c.BaseURL = "https://api-free.deepl.com"
		}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	w, err := translate.Wire{Engine: c.Name, HTTP: c.HTTP, Timeout: c.Timeout, Sort: sortRefusal}.Open(c.BaseURL)
	if err != nil {
		return nil, err
	}
	e := &Engine{name: c.Name, wire: w, header: http.Header{"Authorization": {"DeepL-Auth-Key " + string(c.Key)}}}
	if c.Words != nil {
		e.glossary = &keeper{engine: e, words: c.Words, now: c.Now, log: c.Log}
	}
	return e, nil
}

// sortRefusal finds the refusals of a language among the bad requests.
func sortRefusal(status int, body []byte) (translate.ErrorKind, bool) {
	if status == http.StatusBadRequest && bytes.Contains(body, []byte("_lang")) && bytes.Contains(body, []byte("not supported")) {
		return translate.NoPair, true
	}
	return 0, false
}

// Name is the engine's name.
func (e *Engine) Name() string { return e.name }

// batchTexts is the service's limit; batchSize stays well below its 128 KiB, for
// escapes make texts longer.
const (
	batchTexts = 50
	batchSize  = 32 << 10
)

// Translate asks for all texts, in as few requests as the service takes.
func (e *Engine) Translate(ctx context.Context, batch []translate.Segment, from, to language.Tag) ([]string, error) {
	return translate.InBatches(batch, batchTexts, batchSize, func(part []translate.Segment) ([]string, error) {
		return e.ask(ctx, part, from, to)
	})
}

type request struct {
	Text        []string `json:"text"`
	SourceLang  string   `json:"source_lang"`
	TargetLang  string   `json:"target_lang"`
	TagHandling string   `json:"tag_handling"`
	TagVersion  string   `json:"tag_handling_version"`
	IgnoreTags  []string `json:"ignore_tags"`
	Formality   string   `json:"formality,omitempty"`
	GlossaryID  string   `json:"glossary_id,omitempty"`
}

type response struct {
	Translations []struct {
		Text string `json:"text"`
	} `json:"translations"`
}

func (e *Engine) ask(ctx context.Context, batch []translate.Segment, from, to language.Tag) ([]string, error) {
	r := request{SourceLang: source(from), TargetLang: target(to), TagHandling: "xml", TagVersion: "v2", IgnoreTags: []string{"x"}}
	terms := false
	for _, s := range batch {
		r.Text = append(r.Text, translate.Markup(s.Text))
		terms = terms || len(s.Terms) > 0
		if s.Style.Professional {
			// "prefer" is no error in languages that know no such difference.
			r.Formality = "prefer_more"
		}
	}
	if terms && e.glossary != nil {
		r.GlossaryID = e.glossary.id(ctx, from, to)
	}
	got, err := e.send(ctx, r)
	var refused *translate.EngineError
	if r.GlossaryID != "" && errors.As(err, &refused) && refused.Kind == translate.Failed {
		// Somebody took the glossary away. The words are checked all the same.
		e.glossary.forget()
		r.GlossaryID = ""
		got, err = e.send(ctx, r)
	}
	if err != nil {
		return nil, err
	}
	texts := make([]string, len(got.Translations))
	for i, t := range got.Translations {
		texts[i] = translate.FromMarkup(t.Text)
	}
	return e.wire.Count(texts, batch)
}

func (e *Engine) send(ctx context.Context, r request) (response, error) {
	var got response
	data, err := e.wire.Ask(ctx, http.MethodPost, "v2/translate", nil, e.header, r)
	if err != nil {
		return got, err
	}
	return got, e.wire.Read(data, &got)
}

// Used is how many letters the account has used in its period, and how many it
// may; 0 is no limit.
func (e *Engine) Used(ctx context.Context) (letters, limit int64, err error) {
	data, err := e.wire.Ask(ctx, http.MethodGet, "v2/usage", nil, e.header, nil)
	if err != nil {
		return 0, 0, err
	}
	var u struct {
		Count *int64 `json:"character_count"`
		Limit int64  `json:"character_limit"`
	}
	if err := e.wire.Read(data, &u); err != nil {
		return 0, 0, err
	}
	if u.Count == nil {
		return 0, 0, e.wire.Fail(translate.BadAnswer, "the usage has no count")
	}
	return *u.Count, u.Limit, nil
}

// source is DeepL's name of a language to translate from: no variants.
func source(t language.Tag) string {
	base, _ := t.Base()
	if s := base.String(); s != "no" && s != "nn" {
		return strings.ToUpper(s)
	}
	return "NB"
}

// british are the regions whose English is nearer to Britain's.
var british = map[string]bool{"GB": true, "IE": true, "AU": true, "NZ": true, "IN": true, "ZA": true, "SG": true, "HK": true, "MT": true}

// target is DeepL's name of a language to translate into: English, Portuguese
// and Chinese want their variant.
func target(t language.Tag) string {
	region, _ := t.Region()
	script, _ := t.Script()
	switch base := source(t); base {
	case "EN":
		if british[region.String()] {
			return "EN-GB"
		}
		return "EN-US"
	case "PT":
		if region.String() == "BR" {
			return "PT-BR"
		}
		return "PT-PT"
	case "ZH":
		if script.String() == "Hant" {
			return "ZH-HANT"
		}
		return "ZH-HANS"
	default:
		return base
	}
}
