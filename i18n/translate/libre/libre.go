// Package libre asks a LibreTranslate server.
//
// # Why
//
// The server un-escapes HTML in whatever it gives back, even in plain text, so
// that a text which has an escape in it is escaped once more before it goes:
// what was written as "&amp;" arrives as that.
//
// It is known to give a sentence back as it was. One text that comes back
// unchanged may be a name; a whole batch of sentences is an engine without that
// pair, and is said to be one, so that another is asked. What else it changes,
// such as numbers, the pipeline finds.
//
// Its names of languages changed between versions (zh, zh-Hans), so it is asked
// which it has.
package libre

import (
	"bytes"
	"context"
	"html"
	"net/http"
	"strings"
	"time"

	"golang.org/x/text/language"

	"helloworld/i18n/translate"
)

var _ translate.Engine = (*Engine)(nil)

// Config is where the server is.
type Config struct {
	// BaseURL is the server's address: "http://127.0.0.1:5000".
	BaseURL string
	// Key may be empty for a server of one's own.
	Key translate.Secret
	// HTTP is the client; nil makes one.
	HTTP *http.Client
	// Timeout bounds one request; 0 means 30 seconds.
	Timeout time.Duration
	// Name is the engine's name on cards; empty means "libre".
	Name string
	// Now is the clock; nil is the real one.
	Now func() time.Time
}

// Engine translates with LibreTranslate.
type Engine struct {
	c     Config
	wire  translate.Wire
	pairs *translate.Pairs
}

// New makes an engine. It does no I/O.
func New(c Config) (*Engine, error) {
	if c.Name == "" {
		c.Name = "libre"
	}
	w, err := translate.Wire{Engine: c.Name, HTTP: c.HTTP, Timeout: c.Timeout, Sort: sortRefusal}.Open(c.BaseURL)
	if err != nil {
		return nil, err
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	e := &Engine{c: c, wire: w}
	e.pairs = &translate.Pairs{Ask: e.list, Now: c.Now}
	return e, nil
}

// sortRefusal finds among the bad requests those that say why.
func sortRefusal(status int, body []byte) (translate.ErrorKind, bool) {
	if status != http.StatusBadRequest {
		return 0, false
	}
	switch low := bytes.ToLower(body); {
	case bytes.Contains(low, []byte("not supported")), bytes.Contains(low, []byte("not available")):
		return translate.NoPair, true
	case bytes.Contains(low, []byte("exceeds")):
		return translate.TooLong, true
	case bytes.Contains(low, []byte("api key")):
		return translate.Denied, true
	}
	return 0, false
}

// Name is the engine's name.
func (e *Engine) Name() string { return e.c.Name }

// Public servers take some thousand letters and a few dozen texts a request.
const (
	batchTexts = 20
	batchSize  = 2000
)

// Translate asks for all texts, in as few requests as servers take.
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
	return translate.InBatches(batch, batchTexts, batchSize, func(part []translate.Segment) ([]string, error) {
		return e.ask(ctx, part, a, b)
	})
}

func (e *Engine) list(ctx context.Context) (map[string]bool, error) {
	data, err := e.wire.Ask(ctx, http.MethodGet, "languages", nil, nil, nil)
	if err != nil {
		return nil, err
	}
	var languages []struct {
		Code    string   `json:"code"`
		Targets []string `json:"targets"`
	}
	if err := e.wire.Read(data, &languages); err != nil {
		return nil, err
	}
	if len(languages) == 0 {
		return nil, e.wire.Fail(translate.BadAnswer, "the list of languages is empty")
	}
	pairs := map[string]bool{}
	for _, from := range languages {
		for _, to := range from.Targets {
			pairs[from.Code+">"+to] = true
		}
	}
	return pairs, nil
}

type request struct {
	Q      []string `json:"q"`
	Source string   `json:"source"`
	Target string   `json:"target"`
	Format string   `json:"format"`
	Key    string   `json:"api_key,omitempty"`
}

func (e *Engine) ask(ctx context.Context, batch []translate.Segment, from, to string) ([]string, error) {
	r := request{Source: from, Target: to, Format: "text", Key: string(e.c.Key)}
	for _, s := range batch {
		r.Q = append(r.Q, escape(s.Text))
	}
	data, err := e.wire.Ask(ctx, http.MethodPost, "translate", nil, nil, r)
	if err != nil {
		return nil, err
	}
	var got struct {
		Texts []string `json:"translatedText"`
	}
	if err := e.wire.Read(data, &got); err != nil {
		return nil, err
	}
	texts, err := e.wire.Count(got.Texts, batch)
	if err == nil && echoed(texts, batch) {
		return nil, e.wire.Fail(translate.BadAnswer, "every text came back as it was")
	}
	return texts, err
}

// echoed: there are sentences, and not one of them was changed.
func echoed(texts []string, batch []translate.Segment) bool {
	sentences := 0
	for i, s := range batch {
		if strings.TrimSpace(texts[i]) != strings.TrimSpace(s.Text) {
			return false
		}
		if letters(s.Text) >= 12 {
			sentences++
		}
	}
	return sentences > 0
}

func letters(s string) int { return len([]rune(strings.Join(strings.Fields(s), ""))) }

// escape guards what the server would un-escape, and leaves other texts as they
// are: "&amp;" is not what its models read well.
func escape(s string) string {
	if html.UnescapeString(s) == s {
		return s
	}
	return strings.ReplaceAll(s, "&", "&amp;")
}

// codes are LibreTranslate's names of a language, the newer ones first.
func codes(t language.Tag) []string {
	base, _ := t.Base()
	script, _ := t.Script()
	region, sure := t.Region()
	switch s := base.String(); {
	case s == "zh" && script.String() == "Hant":
		return []string{"zh-Hant", "zt"}
	case s == "zh":
		return []string{"zh-Hans", "zh"}
	case s == "pt" && region.String() == "BR" && sure == language.Exact:
		return []string{"pt-BR", "pb", "pt"}
	case s == "no" || s == "nb" || s == "nn":
		return []string{"nb", "no"}
	default:
		return []string{s}
	}
}
