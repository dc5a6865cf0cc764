// Package mtran asks an MTranServer, which translates on one's own machine.
//
// # Why
//
// The server fetches a model when a pair is wanted for the first time, which
// takes longer than a message may wait; until then it is out of reach, another
// engine is asked, and the next try finds the model there.
package mtran

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"golang.org/x/text/language"

	"helloworld/i18n/translate"
)

var _ translate.Engine = (*Engine)(nil)

// Config is where the server is.
type Config struct {
	// BaseURL is the server's address: "http://127.0.0.1:8989".
	BaseURL string
	// Key is the server's token, if it wants one.
	Key translate.Secret
	// HTTP is the client; nil makes one.
	HTTP *http.Client
	// Timeout bounds one request; 0 means 30 seconds.
	Timeout time.Duration
	// Name is the engine's name on cards; empty means "mtran".
	Name string
}

// Engine translates with MTranServer.
type Engine struct {
	name   string
	wire   translate.Wire
	header http.Header
}

// New makes an engine. It does no I/O.
func New(c Config) (*Engine, error) {
	if c.Name == "" {
		c.Name = "mtran"
	}
	w, err := translate.Wire{Engine: c.Name, HTTP: c.HTTP, Timeout: c.Timeout, Sort: sortRefusal}.Open(c.BaseURL)
	if err != nil {
		return nil, err
	}
	e := &Engine{name: c.Name, wire: w, header: http.Header{}}
	if c.Key != "" {
		e.header.Set("Authorization", "Bearer "+string(c.Key))
	}
	return e, nil
}

// sortRefusal finds the refusals of a pair: the server has one status for all
// that goes wrong.
func sortRefusal(_ int, body []byte) (translate.ErrorKind, bool) {
	low := bytes.ToLower(body)
	for _, s := range []string{"no model found", "unsupported language", "not supported"} {
		if bytes.Contains(low, []byte(s)) {
			return translate.NoPair, true
		}
	}
	return 0, false
}

// Name is the engine's name.
func (e *Engine) Name() string { return e.name }

// One machine translates; small batches keep its answers within the time-out.
const (
	batchTexts = 20
	batchSize  = 8000
)

// Translate asks for all texts, in small batches.
func (e *Engine) Translate(ctx context.Context, batch []translate.Segment, from, to language.Tag) ([]string, error) {
	return translate.InBatches(batch, batchTexts, batchSize, func(part []translate.Segment) ([]string, error) {
		return e.ask(ctx, part, from, to)
	})
}

type request struct {
	From  string   `json:"from"`
	To    string   `json:"to"`
	Texts []string `json:"texts"`
	HTML  bool     `json:"html"`
}

func (e *Engine) ask(ctx context.Context, batch []translate.Segment, from, to language.Tag) ([]string, error) {
	r := request{From: code(from), To: code(to)}
	for _, s := range batch {
		r.Texts = append(r.Texts, s.Text)
	}
	data, err := e.wire.Ask(ctx, http.MethodPost, "translate/batch", nil, e.header, r)
	if err != nil {
		return nil, err
	}
	var got struct {
		Results []string `json:"results"`
	}
	if err := e.wire.Read(data, &got); err != nil {
		return nil, err
	}
	return e.wire.Count(got.Results, batch)
}

// code is the server's name of a language.
func code(t language.Tag) string {
	base, _ := t.Base()
	script, _ := t.Script()
	switch s := base.String(); {
	case s == "zh" && script.String() == "Hant":
		return "zh-Hant"
	case s == "zh":
		return "zh-Hans"
	case s == "no":
		return "nb"
	default:
		return s
	}
}
