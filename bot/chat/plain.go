package chat

import (
	"strconv"
	"strings"
)

// barCells is how many cells a bar of text has.
const barCells = 10

// Bar draws progress in text: "▓▓▓▓▓▓░░░░ 60 %". Where nobody knows the total
// it tells only how much is done.
func Bar(done, total int64) string {
	done = max(done, 0)
	if total <= 0 {
		return strconv.FormatInt(done, 10) + " …"
	}
	// Rounded down, so that only what is finished says 100 %.
	part := min(float64(done)/float64(total), 1)
	cells := int(part * barCells)
	percent := int(part * 100)
	if done < total {
		cells, percent = min(cells, barCells-1), min(percent, 99)
	}
	return strings.Repeat("▓", cells) + strings.Repeat("░", barCells-cells) +
		" " + strconv.Itoa(percent) + " %"
}

// PlainText is c as plain text: what a notification shows, what a screen reader
// says, what is left where nothing else can be shown. Buttons are not in it.
// [Limits.Message] is measured on it.
func PlainText(c Card) string {
	var b strings.Builder
	line := func(s string) {
		if s == "" {
			return
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(s)
	}
	line(c.Title)
	for _, p := range c.Parts {
		line(plainPart(p))
	}
	line(c.Foot)
	return b.String()
}

func plainPart(p Part) string {
	var lines []string
	add := func(s string) {
		if s != "" {
			lines = append(lines, s)
		}
	}
	switch p.Kind {
	case Quote:
		if p.Text != "" {
			add("“" + p.Text + "”")
		}
	case Image:
		add(p.Text)
		add(fileLine(p.File))
	case Progress:
		add(Bar(p.Done, p.Total))
		add(p.Text)
	default:
		add(p.Text)
	}
	for _, f := range p.Fields {
		add(plainField(f))
	}
	s := strings.Join(lines, "\n")
	if p.Label == "" || s == "" {
		return p.Label + s
	}
	return p.Label + ": " + s
}

func plainField(f Field) string {
	if f.Label == "" || f.Value == "" {
		return f.Label + f.Value
	}
	return f.Label + ": " + f.Value
}

// fileLine names a file that cannot be shown.
func fileLine(f *File) string {
	switch {
	case f == nil:
		return ""
	case f.Name == "" || f.URL == "":
		return f.Name + f.URL
	}
	return f.Name + " " + f.URL
}
