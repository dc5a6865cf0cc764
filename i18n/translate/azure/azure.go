// Package azure asks Azure Translator.
//
// # Why
//
// Two versions of the interface stand beside each other, with different bodies
// both ways; which one is used is a setting, and everything else is shared.
//
// Words that must appear are marked up within the text. The service knows that
// markup with English on one side only, and only there is it sent: elsewhere it
// would come back as text.
package azure

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"

	"helloworld/i18n/translate"
)

var _ translate.Engine = (*Engine)(nil)

// The versions of the interface.
const (
	V3    = "3.0"
	V2026 = "2026-06-06"
)

// Config is the resource and how it is asked.
type Config struct {
	Key translate.Secret
	// Region is the resource's; empty for a global one.
	Region string
	// Version is one of the versions; empty means V3.
	Version string
	// BaseURL is the service's address; empty means the global one.
	BaseURL string
	// HTTP is the client; nil makes one.
	HTTP *http.Client
	// Timeout bounds one request; 0 means 30 seconds.
	Timeout time.Duration
	// Name is the engine's name on cards; empty means "azure".
	Name string
}

// Engine translates with Azure Translator.
type Engine struct {
	name    string
	version string
	wire    translate.Wire
	header  http.Header
}

// New makes an engine. It does no I/O.
func New(c Config) (*Engine, error) {
	if c.Name == "" {
		c.Name = "azure"
	}
	if c.Version == "" {
		c.Version = V3
	}
	if c.Version != V3 && c.Version != V2026 {
		return nil, fmt.Errorf("%s: there is no version %q of its interface", c.Name, c.Version)
	}
	if c.Key == "" {
		return nil, fmt.Errorf("%s: there is no key", c.Name)
	}
	if c.BaseURL == "" {
		c.BaseURL = "https://api.cognitive.microsofttranslator.com"
	}
	w, err := translate.Wire{Engine: c.Name, HTTP: c.HTTP, Timeout: c.Timeout, Sort: sortRefusal}.Open(c.BaseURL)
	if err != nil {
		return nil, err
	}
	e := &Engine{name: c.Name, version: c.Version, wire: w, header: http.Header{"Ocp-Apim-Subscription-Key": {string(c.Key)}}}
	if c.Region != "" {
		e.header.Set("Ocp-Apim-Subscription-Region", c.Region)
	}
	return e, nil
}

// codes are what the service's own codes mean, where the status says too little.
var codes = map[int]translate.ErrorKind{
	400019: translate.NoPair,
	400023: translate.NoPair,
	400035: translate.NoPair,
	400036: translate.NoPair,
	400075: translate.NoPair,
	400050: translate.TooLong,
	400072: translate.TooLong,
	400077: translate.TooLong,
	403001: translate.Quota, // the free letters are used up
}

func sortRefusal(_ int, body []byte) (translate.ErrorKind, bool) {
	var r struct {
		Error struct {
			Code json.RawMessage `json:"code"`
		} `json:"error"`
	}
	if json.NewDecoder(bytes.NewReader(body)).Decode(&r) != nil {
		return 0, false
	}
	// One version writes a number, the other the number as text.
	var code int
	if json.Unmarshal(bytes.Trim(r.Error.Code, `"`), &code) != nil {
		return 0, false
	}
	k, ok := codes[code]
	return k, ok
}

// Name is the engine's name.
func (e *Engine) Name() string { return e.name }

// The service takes 1000 texts and 50000 letters; markup makes texts longer.
const (
	batchTexts = 500
	batchSize  = 20000
)

// Translate asks for all texts, in as few requests as the service takes.
func (e *Engine) Translate(ctx context.Context, batch []translate.Segment, from, to language.Tag) ([]string, error) {
	return translate.InBatches(batch, batchTexts, batchSize, func(part []translate.Segment) ([]string, error) {
		texts := make([]string, len(part))
		for i, s := range part {
			texts[i] = s.Text
			if english(from) != english(to) {
				texts[i] = markup(s)
			}
		}
		ask := e.askV3
		if e.version == V2026 {
			ask = e.ask2026
		}
		out, err := ask(ctx, texts, code(from), code(to))
		if err != nil {
			return nil, err
		}
		return e.wire.Count(out, part)
	})
}

type textV3 struct {
	Text string `json:"Text"`
}

func (e *Engine) askV3(ctx context.Context, texts []string, from, to string) ([]string, error) {
	body := make([]textV3, len(texts))
	for i, s := range texts {
		body[i].Text = s
	}
	data, err := e.wire.Ask(ctx, http.MethodPost, "translate", url.Values{"api-version": {V3}, "from": {from}, "to": {to}, "textType": {"plain"}}, e.header, body)
	if err != nil {
		return nil, err
	}
	var got []answer
	if err := e.wire.Read(data, &got); err != nil {
		return nil, err
	}
	return e.texts(got)
}

type target2026 struct {
	Language string `json:"language"`
}

type input2026 struct {
	Text     string       `json:"text"`
	Language string       `json:"language"`
	TextType string       `json:"textType"`
	Targets  []target2026 `json:"targets"`
}

type body2026 struct {
	Inputs []input2026 `json:"inputs"`
}

func (e *Engine) ask2026(ctx context.Context, texts []string, from, to string) ([]string, error) {
	var body body2026
	for _, s := range texts {
		body.Inputs = append(body.Inputs, input2026{Text: s, Language: from, TextType: "plain", Targets: []target2026{{Language: to}}})
	}
	data, err := e.wire.Ask(ctx, http.MethodPost, "translate", url.Values{"api-version": {V2026}}, e.header, body)
	if err != nil {
		return nil, err
	}
	var got struct {
		Value []answer `json:"value"`
	}
	if err := e.wire.Read(data, &got); err != nil {
		return nil, err
	}
	return e.texts(got.Value)
}

// answer is one text's translations, in both versions.
type answer struct {
	Translations []struct {
		Text string `json:"text"`
	} `json:"translations"`
}

func (e *Engine) texts(got []answer) ([]string, error) {
	out := make([]string, len(got))
	for i, a := range got {
		if len(a.Translations) != 1 {
			return nil, e.wire.Fail(translate.BadAnswer, "text %d has %d translations", i+1, len(a.Translations))
		}
		out[i] = a.Translations[0].Text
	}
	return out, nil
}

func english(t language.Tag) bool {
	base, _ := t.Base()
	return base.String() == "en"
}

// markup says within the text what its terms have to become.
func markup(s translate.Segment) string {
	text := s.Text
	if strings.Contains(text, "mstrans:") {
		return text // somebody writes about the markup itself
	}
	var b strings.Builder
	at := 0
	for _, t := range s.Terms {
		if t.Source == "" || strings.ContainsAny(t.Target, "\"<>&\n") {
			continue
		}
		i := word(text[at:], t.Source)
		if i < 0 {
			continue // out of order; the words are checked afterwards
		}
		b.WriteString(text[at : at+i])
		fmt.Fprintf(&b, `<mstrans:dictionary translation="%s">%s</mstrans:dictionary>`, t.Target, t.Source)
		at += i + len(t.Source)
	}
	b.WriteString(text[at:])
	return b.String()
}

// word finds a term that is not a part of a longer word.
func word(text, term string) int {
	for at := 0; ; {
		i := strings.Index(text[at:], term)
		if i < 0 {
			return -1
		}
		i += at
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		after, n := utf8.DecodeRuneInString(text[i+len(term):])
		token := strings.HasSuffix(text[:i], "<x ") || strings.HasSuffix(text[:i], "<")
		if !token && !joins(before, term) && (n == 0 || !joins(after, term)) {
			return i
		}
		at = i + len(term)
	}
}

// joins: a letter beside a term makes it part of a longer word, in scripts that
// put spaces between words.
func joins(r rune, term string) bool {
	first, _ := utf8.DecodeRuneInString(term)
	if unicode.In(first, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai) {
		return false
	}
	return r != utf8.RuneError && unicode.IsLetter(r) && !unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai) || r == '_'
}

// code is Azure's name of a language.
func code(t language.Tag) string {
	base, _ := t.Base()
	script, _ := t.Script()
	region, sure := t.Region()
	switch s := base.String(); {
	case s == "zh" && script.String() == "Hant":
		return "zh-Hant"
	case s == "zh":
		return "zh-Hans"
	case s == "pt" && region.String() != "BR" && sure == language.Exact:
		return "pt-pt"
	case s == "fr" && region.String() == "CA":
		return "fr-ca"
	case s == "no" || s == "nn":
		return "nb"
	case s == "sr" && script.String() == "Latn":
		return "sr-Latn"
	case s == "sr":
		return "sr-Cyrl"
	case s == "tl":
		return "fil"
	default:
		return s
	}
}
