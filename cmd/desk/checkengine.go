package main

import (
	"context"
	"strings"

	"golang.org/x/text/language"

	"helloworld/i18n"
	"helloworld/i18n/translate"
)

// engines tries every translation engine with a sentence of nobody's, in a pair
// of languages that it is for, and tells which marks for facts it leaves alone.
func (k *checker) engines() {
	if len(k.a.cfg.Engines) == 0 {
		k.say(true, "engines", k.p.T("check.engine_none"))
		return
	}
	from, to := language.English, language.MustParse("zh-CN")
	for _, c := range k.a.cfg.Channels {
		if tag, err := language.Parse(c.Language); err == nil && tag != language.Und {
			to = tag
			break
		}
	}
	if base, _ := to.Base(); base.String() == "en" {
		from = language.German
	}
	ctx, stop := context.WithTimeout(k.w.ctx, checkTime)
	defer stop()
	for _, x := range k.a.desk.Words.Probe(ctx, from, to) {
		name, pair := x.Engine+" engine", x.From.String()+">"+x.To.String()
		if x.Err != nil {
			k.say(false, name, k.engineTrouble(x, pair)+" ("+x.Err.Error()+")")
			continue
		}
		k.say(true, name, k.p.T("check.works"))
		if x.Model != "" {
			k.row("model", x.Model)
		}
		k.row("pair", pair)
		k.row("tokens", strings.Join(x.Forms, " "))
		if x.Local {
			k.row("local", k.p.T("check.engine_local"))
		}
		switch {
		case x.Spent >= 100:
			k.badRow("budget", k.p.T("check.engine_spent", "n", x.Spent))
		case x.Spent >= 0:
			k.row("budget", k.p.T("check.engine_spent", "n", x.Spent))
		}
	}
}

// engineTrouble says what is wrong with an engine and what to do.
func (k *checker) engineTrouble(x translate.Probed, pair string) string {
	switch x.Code {
	case "engine_denied":
		return k.p.T("check.engine_denied", "env", "DESK_ENGINE_"+strings.ToUpper(strings.ReplaceAll(x.Engine, "-", "_"))+"_KEY")
	case "engine_no_pair":
		return k.p.T("check.engine_no_pair", "pair", pair)
	}
	return k.p.T(i18n.Key("finding."+x.Code), "what", x.Engine)
}
