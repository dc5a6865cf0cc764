// Package google asks Google's Cloud Translation, version 3.
//
// # Why
//
// Texts go as plain text always: the service takes them for HTML unless it is
// told, and would escape what a buyer wrote.
//
// With a glossary the answer has two lists. The one that used the glossary
// stands apart, and whoever reads the other has paid for a glossary that is not
// used.
package google

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"golang.org/x/text/language"

	"helloworld/i18n/translate"
)

var _ translate.Engine = (*Engine)(nil)

// Config is the project and how it is asked.
type Config struct {
	// Project is the project's id or number.
	Project string
	// Location is the region; empty means "global", where there are no glossaries.
	Location string
	// Glossary is the id of a glossary of the project; may be empty.
	Glossary string
	// Token is an access token; with Credentials it is not used.
	Token translate.Secret
	// Credentials is a file with a service account or an access token. It is read
	// again when it changes.
	Credentials string
	// BaseURL is the service's address; empty means Google's.
	BaseURL string
	// HTTP is the client; nil makes one.
	HTTP *http.Client
	// Timeout bounds one request; 0 means 30 seconds.
	Timeout time.Duration
	// Name is the engine's name on cards; empty means "google".
	Name string
	// Now is the clock; nil is the real one.
	Now func() time.Time
}

// Engine translates with Cloud Translation.
type Engine struct {
	name     string
	path     string
	glossary string
	wire     translate.Wire
	tokens   *tokens
}

// segment is what may stand in a path: ids come from a file that people write.
var segment = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9:._-]*$`)

// New makes an engine. It does no I/O.
func New(c Config) (*Engine, error) {
	if c.Name == "" {
		c.Name = "google"
	}
	if c.Location == "" {
		c.Location = "global"
	}
	if c.BaseURL == "" {
		c.BaseURL = "https://translation.googleapis.com"
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	for what, s := range map[string]string{"project": c.Project, "location": c.Location} {
		if !segment.MatchString(s) {
			return nil, fmt.Errorf("%s: the %s is missing or has letters that it cannot have", c.Name, what)
		}
	}
	if c.Token == "" && c.Credentials == "" {
		return nil, fmt.Errorf("%s: there is neither an access token nor a file with one", c.Name)
	}
	w, err := translate.Wire{Engine: c.Name, HTTP: c.HTTP, Timeout: c.Timeout, Sort: sortRefusal}.Open(c.BaseURL)
	if err != nil {
		return nil, err
	}
	parent := "projects/" + c.Project + "/locations/" + c.Location
	e := &Engine{name: c.Name, path: "v3/" + parent + ":translateText", wire: w, tokens: &tokens{wire: w, now: c.Now, fixed: c.Token, file: c.Credentials}}
	if c.Glossary != "" {
		if !segment.MatchString(c.Glossary) || c.Location == "global" {
			return nil, fmt.Errorf("%s: glossaries have an id, and are in a region, not in global", c.Name)
		}
		e.glossary = parent + "/glossaries/" + c.Glossary
	}
	return e, nil
}

// sortRefusal reads what a status does not tell: both kinds of limits come as
// "forbidden", and a pair that is not known as a bad request.
func sortRefusal(status int, body []byte) (translate.ErrorKind, bool) {
	has := func(s string) bool { return bytes.Contains(bytes.ToLower(body), []byte(s)) }
	switch status {
	case http.StatusForbidden, http.StatusTooManyRequests:
		switch {
		case has("daily limit"), has("per day"):
			return translate.Quota, true
		case has("rate limit"), has("resource_exhausted"), has("per minute"):
			return translate.Busy, true
		}
	case http.StatusBadRequest:
		switch {
		case has("language") && (has("unsupported") || has("not supported") || has("is invalid")):
			return translate.NoPair, true
		case has("too long"), has("too large"), has("exceeds"):
			return translate.TooLong, true
		}
	}
	return 0, false
}

// Name is the engine's name.
func (e *Engine) Name() string { return e.name }

// The service takes 1024 texts, and advises against more than 5000 letters.
const (
	batchTexts = 200
	batchSize  = 5000
)

// Translate asks for all texts, in requests of the size that is advised.
func (e *Engine) Translate(ctx context.Context, batch []translate.Segment, from, to language.Tag) ([]string, error) {
	return translate.InBatches(batch, batchTexts, batchSize, func(part []translate.Segment) ([]string, error) {
		return e.ask(ctx, part, from, to)
	})
}

type glossaryConfig struct {
	Glossary   string `json:"glossary"`
	IgnoreCase bool   `json:"ignoreCase"`
}

type request struct {
	Contents []string        `json:"contents"`
	MimeType string          `json:"mimeType"`
	Source   string          `json:"sourceLanguageCode"`
	Target   string          `json:"targetLanguageCode"`
	Glossary *glossaryConfig `json:"glossaryConfig,omitempty"`
}

type translation struct {
	Text string `json:"translatedText"`
}

type response struct {
	Translations []translation `json:"translations"`
	WithGlossary []translation `json:"glossaryTranslations"`
}

func (e *Engine) ask(ctx context.Context, batch []translate.Segment, from, to language.Tag) ([]string, error) {
	r := request{MimeType: "text/plain", Source: code(from), Target: code(to)}
	terms := false
	for _, s := range batch {
		r.Contents = append(r.Contents, s.Text)
		terms = terms || len(s.Terms) > 0
	}
	if terms && e.glossary != "" {
		r.Glossary = &glossaryConfig{Glossary: e.glossary, IgnoreCase: true}
	}
	got, err := e.send(ctx, r)
	if r.Glossary != nil && translate.KindOf(err) == translate.Failed && err != nil {
		// It is not for this pair, or gone. The words are checked all the same.
		r.Glossary = nil
		got, err = e.send(ctx, r)
	}
	if err != nil {
		return nil, err
	}
	list := got.Translations
	if r.Glossary != nil && len(got.WithGlossary) > 0 {
		list = got.WithGlossary
	}
	out := make([]string, len(list))
	for i, t := range list {
		out[i] = t.Text
	}
	return e.wire.Count(out, batch)
}

// send asks, and asks once more with a new token when one was refused before its
// time.
func (e *Engine) send(ctx context.Context, r request) (response, error) {
	var got response
	for again := true; ; again = false {
		token, err := e.tokens.get(ctx)
		if err != nil {
			return got, err
		}
		data, err := e.wire.Ask(ctx, http.MethodPost, e.path, nil, http.Header{"Authorization": {"Bearer " + token}}, r)
		if err == nil {
			return got, e.wire.Read(data, &got)
		}
		if translate.KindOf(err) != translate.Denied || !e.tokens.drop(token) || !again {
			return got, err
		}
	}
}

// code is Google's name of a language.
func code(t language.Tag) string {
	base, _ := t.Base()
	script, _ := t.Script()
	region, sure := t.Region()
	switch s := base.String(); {
	case s == "zh" && script.String() == "Hant":
		return "zh-TW"
	case s == "zh":
		return "zh-CN"
	case s == "pt" && sure == language.Exact:
		if region.String() == "BR" {
			return "pt-BR"
		}
		return "pt-PT"
	case s == "nb" || s == "nn":
		return "no"
	default:
		return strings.ToLower(s)
	}
}
