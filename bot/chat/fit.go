package chat

import "strconv"

// leastMessage is the smallest [Limits.Message] that Fit can keep; a smaller
// one is taken for it.
const leastMessage = 128

// Fit makes c fit l, as one card or several. It is the only code that shortens,
// splits or degrades.
//
// The first card keeps title and buttons; what does not fit goes on in further
// cards of the same tone and language, whose keys end in "#2", "#3" … and which
// have no buttons, save those that were too many for the cards before. The foot
// stands on the last. Texts, quotes and code are split, never cut: at a
// paragraph, else a sentence, a word, a letter as people see it. Titles, foots,
// labels and values that are too long end in "…" and follow whole in a part of
// their own; button texts and questions only end in "…". A picture becomes its
// name and address where pictures cannot be shown. See [Clean] for what is
// taken out of texts. A card that fits comes back as it is.
func Fit(c Card, l Limits) []Card {
	f := fitter{l: l, full: c}
	if l.Message > 0 && l.Message < leastMessage {
		f.l.Message = leastMessage
	}
	f.start()
	for _, p := range f.prepare() {
		f.add(p)
	}
	return f.finish()
}

type fitter struct {
	l     Limits
	full  Card
	cards []Card
	size  int // of the last card, in units, as PlainText shows it
	foot  string
	rest  []Button
}

// within is the tighter of two limits, either of which may be none.
func within(a, b int) int {
	if a <= 0 {
		return b
	}
	if b <= 0 {
		return a
	}
	return min(a, b)
}

func (f *fitter) shorten(s string, limit int) string { return Shorten(s, limit, f.l.Unit) }

// share is a part of the message limit, for the small texts in it.
func (f *fitter) share(of int) int { return f.l.Message / of }

// start makes the first card: title, buttons, tone.
func (f *fitter) start() {
	first := f.full
	first.Title = f.shorten(Clean(first.Title), within(f.l.Title, f.share(4)))
	first.Parts, first.Foot, first.Buttons = nil, "", nil
	var all []Button
	for _, b := range f.full.Buttons {
		b.Label = f.shorten(Clean(b.Label), f.l.ButtonText)
		b.Confirm = Clean(b.Confirm)
		if f.l.Confirm <= 0 {
			b.Confirm = ""
		}
		b.Confirm = f.shorten(b.Confirm, f.l.Confirm)
		all = append(all, b)
	}
	first.Buttons, f.rest = f.someButtons(all)
	f.cards = []Card{first}
	f.size = f.l.Unit.Len(first.Title)
}

func (f *fitter) someButtons(all []Button) (now, later []Button) {
	if f.l.Buttons <= 0 || len(all) <= f.l.Buttons {
		return all, nil
	}
	return all[:f.l.Buttons:f.l.Buttons], all[f.l.Buttons:]
}

// prepare cleans the parts and applies what bounds each of them alone. What had
// to be shortened follows in full.
func (f *fitter) prepare() []Part {
	var out []Part
	if t := Clean(f.full.Title); t != f.cards[0].Title {
		out = append(out, f.split(Part{Kind: Text, Text: t})...)
	}
	for _, p := range f.full.Parts {
		p.Label, p.Text = Clean(p.Label), Clean(p.Text)
		if p.File != nil {
			file := *p.File
			file.Name, file.URL = Clean(file.Name), Clean(file.URL)
			p.File = &file
		}
		// An address that fills half a message is words like any other.
		if p.Kind == Image && (!f.l.Images || f.l.Message > 0 && f.l.Unit.Len(fileLine(p.File)) > f.share(2)) {
			p = described(p)
		}
		if short := f.shorten(p.Label, within(f.l.FieldText, f.share(8))); short != p.Label {
			out = append(out, f.split(Part{Kind: Text, Text: p.Label})...)
			p.Label = short
		}
		if len(p.Fields) > 0 {
			if most := within(f.l.Text, f.share(4)); most > 0 && f.l.Unit.Len(p.Text) > most {
				out = append(out, f.split(Part{Kind: Text, Label: p.Label, Text: p.Text, Lang: p.Lang})...)
				p.Label, p.Text = "", ""
			}
			out = append(out, f.fields(p)...)
			continue
		}
		if empty(p) {
			continue
		}
		out = append(out, f.split(p)...)
	}
	foot := Clean(f.full.Foot)
	if f.foot = f.shorten(foot, within(f.l.Foot, f.share(4))); f.foot != foot {
		out = append(out, f.split(Part{Kind: Note, Text: foot})...)
	}
	return out
}

func empty(p Part) bool {
	return p.Text == "" && p.Label == "" && len(p.Fields) == 0 && p.Kind != Progress &&
		(p.Kind != Image || p.File == nil)
}

// described is a picture in words.
func described(p Part) Part {
	line := ""
	if p.File != nil {
		line = fileLine(p.File)
	}
	if p.Text != "" && line != "" {
		line = "\n" + line
	}
	p.Text += line
	p.Kind, p.File = Text, nil
	return p
}

// fields shortens and divides a part of fields.
func (f *fitter) fields(p Part) []Part {
	limit := within(f.l.FieldText, f.share(8))
	var parts, whole []Part
	now := p
	now.Fields = nil
	for _, d := range p.Fields {
		d.Label, d.Value = Clean(d.Label), Clean(d.Value)
		if d.Label == "" && d.Value == "" {
			continue
		}
		short := Field{Label: f.shorten(d.Label, limit), Value: f.shorten(d.Value, limit)}
		switch {
		case short.Label != d.Label:
			whole = append(whole, f.split(Part{Kind: Text, Text: plainField(d), Lang: p.Lang})...)
		case short.Value != d.Value:
			whole = append(whole, f.split(Part{Kind: Text, Label: d.Label, Text: d.Value, Lang: p.Lang})...)
		}
		if f.l.FieldsPerPart > 0 && len(now.Fields) == f.l.FieldsPerPart {
			parts = append(parts, now)
			now = Part{Kind: p.Kind, Lang: p.Lang}
		}
		now.Fields = append(now.Fields, short)
	}
	if len(now.Fields) > 0 || !empty(now) {
		parts = append(parts, now)
	}
	return append(parts, whole...)
}

// split divides a part whose text is too long for a part.
func (f *fitter) split(p Part) []Part {
	if f.l.Text <= 0 {
		return []Part{p}
	}
	var out []Part
	rest := p.Text
	for {
		p.Text, rest = take(rest, f.l.Text, f.l.Unit)
		if !empty(p) {
			out = append(out, p)
		}
		if rest == "" {
			return out
		}
		p = following(p)
	}
}

// following is the part that goes on with p's text.
func following(p Part) Part {
	n := Part{Kind: p.Kind, Lang: p.Lang}
	if p.Kind == Image || p.Kind == Progress || p.Kind == Fields {
		n.Kind = Text
	}
	return n
}

// add puts p on the last card, or as much of it as fits, and the rest on the next.
func (f *fitter) add(p Part) {
	for {
		card := &f.cards[len(f.cards)-1]
		if f.l.Parts > 0 && len(card.Parts) >= f.l.Parts {
			f.next()
			continue
		}
		if f.l.Message <= 0 {
			card.Parts = append(card.Parts, p)
			return
		}
		room := f.l.Message - f.size
		if f.size > 0 {
			room-- // the line break
		}
		need := f.l.Unit.Len(plainPart(p))
		if need <= room {
			f.put(p, need)
			return
		}
		// On a fresh card there is room for some of any text: what stands beside
		// it is bounded by shares of the message.
		fresh := len(card.Parts) == 0 && len(f.cards) > 1
		if len(p.Fields) > 0 {
			if fits := f.someFields(p, room); fits > 0 {
				head := p
				head.Fields = p.Fields[:fits:fits]
				f.put(head, f.l.Unit.Len(plainPart(head)))
				p = Part{Kind: p.Kind, Lang: p.Lang, Fields: p.Fields[fits:]}
			} else if fresh {
				// Too much beside the fields; the words go first.
				f.add(Part{Kind: Text, Label: p.Label, Text: p.Text, Lang: p.Lang})
				p.Label, p.Text = "", ""
			}
			f.next()
			continue
		}
		textRoom := room - (need - f.l.Unit.Len(p.Text))
		if fresh || textRoom >= f.l.Message/4 {
			head := p
			head.Text, p.Text = take(p.Text, textRoom, f.l.Unit)
			if !empty(head) {
				f.put(head, f.l.Unit.Len(plainPart(head)))
			}
			p = Part{Kind: following(p).Kind, Lang: p.Lang, Text: p.Text}
			if p.Text == "" {
				return
			}
		}
		f.next()
	}
}

// someFields is how many of p's fields there is room for.
func (f *fitter) someFields(p Part, room int) int {
	n := 0
	for n < len(p.Fields) {
		head := p
		head.Fields = p.Fields[:n+1]
		if f.l.Unit.Len(plainPart(head)) > room {
			break
		}
		n++
	}
	return n
}

func (f *fitter) put(p Part, size int) {
	card := &f.cards[len(f.cards)-1]
	if f.size > 0 && size > 0 {
		f.size++
	}
	f.size += size
	card.Parts = append(card.Parts, p)
}

// next begins a further card.
func (f *fitter) next() {
	n := Card{Tone: f.full.Tone, Lang: f.full.Lang}
	if f.full.Key != "" {
		n.Key = f.full.Key + "#" + strconv.Itoa(len(f.cards)+1)
	}
	n.Buttons, f.rest = f.someButtons(f.rest)
	f.cards = append(f.cards, n)
	f.size = 0
}

// finish adds the foot and the buttons that are left.
func (f *fitter) finish() []Card {
	if f.foot != "" {
		if f.l.Message > 0 && f.size > 0 && f.size+1+f.l.Unit.Len(f.foot) > f.l.Message {
			f.next()
		}
		f.cards[len(f.cards)-1].Foot = f.foot
	}
	for len(f.rest) > 0 {
		f.next()
		card := &f.cards[len(f.cards)-1]
		// Some networks refuse a message of buttons alone.
		if card.Title = f.cards[0].Title; card.Title == "" {
			card.Title = "…"
		}
	}
	return f.cards
}
