package i18n

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// Key names a sentence: "refund.asked".
type Key string

// Printer speaks one language. It is safe for use by several goroutines.
type Printer struct {
	c *catalogue
}

// Default is the language of someone whose language nobody knows.
func Default() language.Tag { return language.MustParse("zh-CN") }

// Langs are the languages shipped, [Default] first.
func Langs() []language.Tag {
	all, _ := catalogues()
	out := make([]language.Tag, 0, len(all))
	for _, c := range all {
		out = append(out, c.tag)
	}
	return out
}

// Check tells what is wrong with the shipped catalogue; nil when nothing is.
func Check() error {
	_, err := catalogues()
	return err
}

var printers = sync.OnceValue(func() (p struct {
	list    []*Printer
	match   language.Matcher
	english int
}) {
	all, _ := catalogues()
	tags := make([]language.Tag, 0, len(all))
	for i, c := range all {
		p.list = append(p.list, &Printer{c})
		tags = append(tags, c.tag)
		if c.tag == language.English {
			p.english = i
		}
	}
	if len(p.list) == 0 {
		// Unreachable with the shipped files; keeps a broken build speaking keys.
		p.list = []*Printer{{&catalogue{tag: Default()}}}
		tags = append(tags, Default())
	}
	p.match = language.NewMatcher(tags)
	return p
})

var found sync.Map // language.Tag → *Printer

// For gives the printer of the shipped language nearest to tag.
func For(tag language.Tag) *Printer {
	if p, ok := found.Load(tag); ok {
		return p.(*Printer)
	}
	all := printers()
	if tag == language.Und {
		return all.list[0]
	}
	// The matcher's tag carries leftovers of the wish; only its index is safe.
	_, i, sure := all.match.Match(tag)
	if sure == language.No {
		i = all.english
	}
	found.Store(tag, all.list[i])
	return all.list[i]
}

// ForLocale gives the printer for a locale as a chat network writes it:
// "en-US", "zh_CN", "pt". An empty or unreadable one means [Default].
func ForLocale(s string) *Printer {
	if i := strings.IndexAny(s, ".@"); i >= 0 {
		s = s[:i] // zh_CN.UTF-8
	}
	tag, err := language.Parse(s)
	if err != nil {
		tag = language.Und
	}
	return For(tag)
}

// Lang is the language spoken.
func (p *Printer) Lang() language.Tag { return p.c.tag }

// Has tells whether there is such a sentence.
func (p *Printer) Has(k Key) bool {
	_, ok := p.c.messages[k]
	return ok
}

// T says a sentence. args are slot names, each followed by its value:
//
//	p.T("refund.asked", "amount", "59.90 EUR")
//
// Values are put in as they are and never looked into. The argument n, a whole
// number, chooses the plural form. A sentence that is missing is said as its key
// in square brackets, and a slot without a value stays visible.
func (p *Printer) T(k Key, args ...any) string {
	m, ok := p.c.messages[k]
	if !ok {
		return "[" + string(k) + "]"
	}
	f := plural.Other
	if m.plural {
		if n, ok := count(value(args, "n")); ok {
			f = form(p.c.tag, n)
		}
	}
	pieces, ok := m.byForm[f]
	if !ok {
		pieces = m.byForm[plural.Other]
	}
	var b strings.Builder
	for _, x := range pieces {
		if x.name == "" {
			b.WriteString(x.text)
			continue
		}
		v := value(args, x.name)
		if v == nil {
			v = "{" + x.name + "}"
		}
		b.WriteString(text(v))
	}
	return b.String()
}

// value finds a named argument; nil when it is not there.
func value(args []any, name string) any {
	for i := 0; i+1 < len(args); i += 2 {
		if s, ok := args[i].(string); ok && s == name {
			if args[i+1] == nil {
				return ""
			}
			return args[i+1]
		}
	}
	return nil
}

func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case fmt.Stringer:
		return v.String()
	}
	if n, ok := count(v); ok {
		return strconv.FormatInt(n, 10)
	}
	return fmt.Sprint(v)
}

func count(v any) (int64, bool) {
	switch v := v.(type) {
	case int:
		return int64(v), true
	case int64:
		return v, true
	case int32:
		return int64(v), true
	case uint32:
		return int64(v), true
	case uint8:
		return int64(v), true
	}
	return 0, false
}

// When says a moment in someone's own zone. Without a zone it says UTC, and
// says so.
func (p *Printer) When(t time.Time, loc *time.Location) string {
	zone := ""
	if loc == nil || loc == time.UTC {
		loc, zone = time.UTC, " UTC"
	}
	layout := "2 Jan 2006, 15:04"
	if p.chinese() {
		layout = "2006-01-02 15:04"
	}
	return t.In(loc).Format(layout) + zone
}

// Ago says how long ago something was; a negative d is still to come.
func (p *Printer) Ago(d time.Duration) string {
	if d > -time.Minute && d < time.Minute {
		return p.T("common.now")
	}
	if d < 0 {
		return p.T("common.in", "span", p.Span(-d))
	}
	return p.T("common.ago", "span", p.Span(d))
}

// Span says a length of time in its largest whole unit.
func (p *Printer) Span(d time.Duration) string {
	if d < 0 {
		d = -d
	}
	switch {
	case d < time.Minute:
		return p.T("common.span.seconds", "n", int(d/time.Second))
	case d < time.Hour:
		return p.T("common.span.minutes", "n", int(d/time.Minute))
	case d < 48*time.Hour:
		return p.T("common.span.hours", "n", int(d/time.Hour))
	}
	return p.T("common.span.days", "n", int(d/(24*time.Hour)))
}

// Num says a count, with its thousands apart. Never use it for an id or money.
func (p *Printer) Num(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// List says several things in a row.
func (p *Printer) List(items ...string) string {
	return strings.Join(items, p.T("common.comma"))
}

func (p *Printer) chinese() bool {
	base, _ := p.c.tag.Base()
	return base.String() == "zh"
}
