package console

import (
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// Keys lists the keys that [Words] has to know.
func Keys() []string { return slices.Clone(keys) }

var keys = []string{
	"console.name", "console.desk", "console.you", "console.only_you",
	"console.channels", "console.direct", "console.direct_about", "console.back", "console.close",
	"console.thread", "console.replies", "console.reply_in", "console.to_thread",
	"console.message", "console.message_in", "console.send", "console.attach", "console.remove", "console.commands", "console.hint",
	"console.sending", "console.not_sent", "console.retry", "console.discard", "console.pressed",
	"console.newest", "console.start", "console.empty", "console.edited",
	"console.today", "console.yesterday", "console.unread", "console.new_here",
	"console.offline", "console.copy", "console.copied", "console.more", "console.less", "console.picture", "console.picture_at",
	"console.progress", "console.tone_good", "console.tone_warning", "console.tone_bad",
	"console.confirm", "console.cancel", "console.form_waits", "console.form_open", "console.form_more", "console.form_cancel", "console.form_required", "console.form_choose",
	"console.language", "console.sign_out", "console.demo", "console.demo_pick", "console.demo_about",
	"console.sign_in", "console.signed_out", "console.how_in", "console.link_dead",
	"console.error_starting", "console.error_refused", "console.error_stored", "console.error_network", "console.error_gone",
	"console.error_empty", "console.error_long", "console.error_file", "console.error_closed", "console.error_request", "console.error_form",
	"console.no_script",
}

// word says a key with its slots filled: word(l, "console.replies", "n", "3").
func (t *Transport) word(lang, key string, slots ...string) string {
	s := t.words.Word(lang, key)
	for i := 0; i+1 < len(slots); i += 2 {
		s = strings.ReplaceAll(s, "{"+slots[i]+"}", slots[i+1])
	}
	return s
}

// lang picks the language of a page: what the person chose, else what their
// browser asks for, else the first there is.
func (t *Transport) lang(chosen, accept string) string {
	var wish []language.Tag
	if tag, err := language.Parse(chosen); err == nil && tag != language.Und {
		wish = append(wish, tag)
	} else if tags, _, err := language.ParseAcceptLanguage(accept); err == nil {
		wish = tags
	}
	_, i, sure := t.matcher.Match(wish...)
	if sure == language.No {
		i = 0
	}
	return t.langs[i].Tag
}
