package main

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"helloworld/cmd/desk/config"
	"helloworld/glossary"
	"helloworld/i18n"
	"helloworld/i18n/translate"
)

type translateCmd struct {
	From       string   `default:"und" help:"Language of the text (BCP 47); und has it detected."`
	To         string   `required:"" help:"Language wanted (BCP 47)."`
	Explain    bool     `help:"Tell how the translation came about."`
	Config     string   `default:"" type:"path" help:"Configuration with engines; without it, phrases and templates only."`
	Engine     string   `help:"Ask this engine of the configuration alone."`
	NoGlossary bool     `help:"Leave the glossary out, to see what it is worth."`
	Eval       string   `type:"path" help:"Measure engine and glossary: a file of lines with source, reference and, optionally, required terms (source=target;…), tabs between them."`
	Text       []string `arg:"" optional:"" help:"Text."`
}

// Run translates a text. What is not a translation ends with status 1.
func (c translateCmd) Run(w *world) error {
	cfg := config.Defaults()
	if c.Config != "" {
		var err error
		if cfg, err = config.Load(c.Config, w.getenv); err != nil {
			return err
		}
	}
	from, err := language.Parse(c.From)
	if err != nil {
		return fmt.Errorf("--from %q is not a language", c.From)
	}
	to, err := language.Parse(c.To)
	if err != nil {
		return fmt.Errorf("--to %q is not a language", c.To)
	}
	if (c.Eval == "") == (len(c.Text) == 0) {
		return errors.New("either a text or --eval FILE is wanted")
	}
	if c.Eval != "" && from == language.Und {
		return errors.New("--eval needs --from: a file is in one language")
	}
	if c.Engine != "" {
		if cfg.Engines = slices.DeleteFunc(cfg.Engines, func(e config.Engine) bool { return e.Name != c.Engine }); len(cfg.Engines) == 0 {
			return fmt.Errorf("--engine %q is not in the configuration", c.Engine)
		}
	}
	book, words, err := newWords(cfg, nil, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	if c.NoGlossary {
		words.SetBook(&glossary.Book{})
	}
	if c.Eval != "" {
		return c.evaluate(w, book, words, from, to)
	}
	res, err := words.Do(w.ctx, translate.Request{Text: strings.Join(c.Text, " "), From: from, To: to})
	if err != nil {
		return err
	}
	fmt.Fprintln(w.out, res.Text)
	if c.Explain {
		for _, line := range translate.Explain(res) {
			fmt.Fprintln(w.out, line)
		}
	}
	if res.Blocked() {
		p := printerOf(w)
		for _, f := range res.Findings {
			if f.Severity == translate.Block {
				fmt.Fprintln(w.err, p.T("severity.block", "text", p.T(i18n.Key("finding."+strings.TrimPrefix(f.Code, "finding.")), "what", f.What)))
			}
		}
		if res.Grade == translate.Gloss {
			fmt.Fprintln(w.err, p.T("grade.gloss"))
		}
		return errQuiet
	}
	return nil
}
