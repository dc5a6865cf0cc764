package translate

import (
	"bufio"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/language"
	"golang.org/x/text/transform"
)

// TMX is the exchange format of translation memories. Ours carry masked facts as
// placeholders, numbered alike on both sides, and the key under which memory
// finds them; others' carry plain text, which is masked when it is imported.

const (
	tmxKey      = "x-desk-key"
	tmxOutgoing = "x-desk-outgoing"
	// tmxPiece bounds what stands between two tags, in bytes; tmxUnits, tmxSides and
	// tmxLetters how many units a file may have, a unit languages, a side letters.
	tmxPiece   = 1 << 20
	tmxUnits   = 200_000
	tmxSides   = 64
	tmxLetters = 20_000
	tmxDepth   = 32
	// tmxNamed is how many units that are left out are named.
	tmxNamed = 100
)

// ErrBadTMX is what reading says of a file that is no TMX, or one that nobody
// should read.
var ErrBadTMX = errors.New("translate: not a translation memory")

// WriteTMX writes units as TMX 1.4. It tells how many it wrote: one with a letter
// that XML cannot carry is left out.
func WriteTMX(w io.Writer, units []Unit, made time.Time) (n int, err error) {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "%s<tmx version=\"1.4\">\n<header creationtool=\"HelloWorld Desk\" creationtoolversion=\"1\" segtype=\"block\" o-tmf=\"desk\" adminlang=\"en\" srclang=\"*all*\" datatype=\"plaintext\" creationdate=\"%s\"/>\n<body>\n",
		xml.Header, made.UTC().Format("20060102T150405Z"))
	for _, u := range units {
		if !inXML(u.Source) || !inXML(u.Target) || !inXML(u.Key) {
			continue
		}
		n++
		fmt.Fprintf(b, "<tu srclang=%q>\n<prop type=%q>%s</prop><prop type=%q>%v</prop>\n", u.From, tmxKey, xmlText(u.Key), tmxOutgoing, u.Outgoing)
		fmt.Fprintf(b, "<tuv xml:lang=%q><seg>%s</seg></tuv>\n<tuv xml:lang=%q><seg>%s</seg></tuv>\n</tu>\n", u.From, segment(u.Source), u.To, segment(u.Target))
	}
	fmt.Fprint(b, "</body>\n</tmx>\n")
	if err := b.Flush(); err != nil {
		return n, fmt.Errorf("translate: write the memory: %w", err)
	}
	return n, nil
}

func inXML(s string) bool {
	for i, r := range s {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				return false
			}
		}
		if r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return false
		}
	}
	return true
}

func xmlText(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // writing to memory does not fail
	return b.String()
}

var memoryToken = regexp.MustCompile(`__PH([0-9]{1,4})__`)

// segment is one side of a unit, its masked facts as placeholders.
func segment(s string) string {
	var b strings.Builder
	at := 0
	for _, m := range memoryToken.FindAllStringSubmatchIndex(s, -1) {
		i, _ := strconv.Atoi(s[m[2]:m[3]]) // four digits at most
		fmt.Fprintf(&b, `%s<ph x="%d"/>`, xmlText(s[at:m[0]]), i+1)
		at = m[1]
	}
	b.WriteString(xmlText(s[at:]))
	return b.String()
}

// ReadTMX reads units. Those without a key hold plain text, whose facts
// [Pipeline.Masked] masks. left tells what was passed over and why, by line; a
// file that cannot be read at all is [ErrBadTMX].
func ReadTMX(r io.Reader) (units []Unit, left []error, err error) {
	t := &tmxReader{}
	// Other tools write UTF-16, and say so by its mark.
	d := xml.NewDecoder(bounded{transform.NewReader(r, unicode.BOMOverride(transform.Nop)), &t.piece})
	t.d = d
	d.CharsetReader = func(name string, in io.Reader) (io.Reader, error) {
		switch strings.ToLower(name) {
		case "utf-8", "utf-16", "us-ascii":
			return in, nil
		}
		return nil, fmt.Errorf("the encoding %.20q is not known here", name)
	}
	err = t.file()
	if err != nil {
		line, _ := d.InputPos()
		return nil, nil, fmt.Errorf("%w: line %d: %w", ErrBadTMX, line, err)
	}
	return t.units, t.left, nil
}

// bounded fails when more than tmxPiece bytes were read since *n was set to 0.
type bounded struct {
	io.Reader
	n *int
}

func (b bounded) Read(p []byte) (int, error) {
	if *b.n > tmxPiece {
		return 0, fmt.Errorf("has a piece of more than %d KiB", tmxPiece>>10)
	}
	n, err := b.Reader.Read(p)
	*b.n += n
	return n, err
}

type tmxReader struct {
	d      *xml.Decoder
	piece  int
	source string
	units  []Unit
	left   []error
}

func (t *tmxReader) token() (xml.Token, error) {
	t.piece = 0
	return t.d.Token()
}

func (t *tmxReader) file() error {
	root := false
	for {
		tok, err := t.token()
		if errors.Is(err, io.EOF) {
			if !root {
				return errors.New("has no tmx in it")
			}
			return nil
		}
		if err != nil {
			return err
		}
		switch x := tok.(type) {
		case xml.Directive:
			// A document that declares things of its own has no business here.
			if strings.Contains(strings.ToUpper(string(x)), "ENTITY") || strings.ContainsRune(string(x), '[') {
				return errors.New("declares entities")
			}
		case xml.StartElement:
			switch {
			case !root && x.Name.Local != "tmx":
				return fmt.Errorf("begins with %.20q, not with tmx", x.Name.Local)
			case x.Name.Local == "tmx":
				root = true
			case x.Name.Local == "header":
				t.source = attr(x, "srclang")
			case x.Name.Local == "tu":
				if err := t.unit(x); err != nil {
					return err
				}
			}
		}
	}
}

func attr(x xml.StartElement, name string) string {
	for _, a := range x.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// side is what a unit says in one language, with so many placeholders.
type side struct {
	lang, text string
	slots      int
}

// unit reads a unit up to its end.
func (t *tmxReader) unit(tu xml.StartElement) error {
	line, _ := t.d.InputPos()
	source := attr(tu, "srclang")
	if source == "" {
		source = t.source
	}
	var sides []side
	props := map[string]string{}
	lang := ""
	for {
		tok, err := t.token()
		if err != nil {
			return ended(err)
		}
		switch x := tok.(type) {
		case xml.EndElement:
			if x.Name.Local == "tu" {
				return t.add(line, source, sides, props)
			}
		case xml.StartElement:
			switch x.Name.Local {
			case "tuv":
				lang = attr(x, "lang")
			case "prop", "seg":
				s := side{lang: lang}
				if err := t.text(&s, props[tmxKey] != ""); err != nil {
					return err
				}
				switch kind := attr(x, "type"); {
				case x.Name.Local == "seg":
					if sides = append(sides, s); len(sides) > tmxSides {
						return fmt.Errorf("has a unit in more than %d languages", tmxSides)
					}
				case kind == tmxKey || kind == tmxOutgoing:
					props[kind] = s.text
				}
			case "tu":
				return errors.New("has a unit within a unit")
			}
		}
	}
}

// text reads what an element says up to its end. Of marks within it that is what
// they hold; but a placeholder of ours is its number, whatever a tool put into it.
func (t *tmxReader) text(s *side, ours bool) error {
	var b strings.Builder
	inside := 0 // the depth of a placeholder of ours
	for depth := 1; depth > 0; {
		tok, err := t.token()
		if err != nil {
			return ended(err)
		}
		switch x := tok.(type) {
		case xml.CharData:
			if inside == 0 {
				b.Write(x)
			}
		case xml.EndElement:
			if depth == inside {
				inside = 0
			}
			depth--
		case xml.StartElement:
			if depth++; depth > tmxDepth {
				return errors.New("is nested too deeply")
			}
			if n, err := strconv.Atoi(attr(x, "x")); err == nil && ours && inside == 0 && x.Name.Local == "ph" && n > 0 && n <= maxFacts {
				b.WriteString(memoryForm.make(n - 1))
				s.slots++
				inside = depth
			}
		}
		if b.Len() > 4*tmxLetters {
			// Read on, so that the rest of the file is found, but keep no more of it.
			b.Reset()
			b.WriteString(strings.Repeat("x", tmxLetters+1))
		}
	}
	s.text = b.String()
	return nil
}

func ended(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// add keeps a unit once for every language it says the source in.
func (t *tmxReader) add(line int, source string, sides []side, props map[string]string) error {
	from := 0
	for i, s := range sides {
		if strings.EqualFold(s.lang, source) {
			from = i
			break
		}
	}
	for i := range sides {
		if i == from {
			continue
		}
		u, err := tmxUnit(sides[from], sides[i], props)
		if err != nil {
			if len(t.left) < tmxNamed {
				t.left = append(t.left, fmt.Errorf("line %d: %w", line, err))
			}
			continue
		}
		if t.units = append(t.units, u); len(t.units) > tmxUnits {
			return fmt.Errorf("has more than %d units", tmxUnits)
		}
	}
	if len(sides) < 2 && len(t.left) < tmxNamed {
		t.left = append(t.left, fmt.Errorf("line %d: has one language only", line))
	}
	return nil
}

var hexKey = regexp.MustCompile(`^[0-9a-f]{64}$`)

func tmxUnit(a, b side, props map[string]string) (Unit, error) {
	u := Unit{Key: props[tmxKey], Source: a.text, Target: b.text, Outgoing: props[tmxOutgoing] == "true"}
	var err error
	if u.From, err = language.Parse(a.lang); err != nil {
		return Unit{}, fmt.Errorf("%.20q is not a language", a.lang)
	}
	if u.To, err = language.Parse(b.lang); err != nil {
		return Unit{}, fmt.Errorf("%.20q is not a language", b.lang)
	}
	for _, s := range []string{u.Source, u.Target} {
		if strings.TrimSpace(s) == "" {
			return Unit{}, errors.New("one side is empty")
		}
		if utf8.RuneCountInString(s) > tmxLetters {
			return Unit{}, fmt.Errorf("one side has more than %d letters", tmxLetters)
		}
	}
	if u.Key == "" {
		return u, nil
	}
	if !hexKey.MatchString(u.Key) {
		return Unit{}, errors.New("has a key that is none of the desk's")
	}
	// What claims to be masked has to be: every placeholder once a side, and no
	// fact beside them.
	tokens := make([]string, a.slots)
	for i := range tokens {
		tokens[i] = memoryForm.make(i)
	}
	source := restore(a.text, tokens, memoryForm, 0)
	for _, r := range []restored{source, restore(b.text, tokens, memoryForm, 0)} {
		for _, n := range r.seen {
			if n != 1 {
				return Unit{}, ErrFactsDiffer
			}
		}
		if len(protect(r.bare)) > 0 || r.stray != "" && source.stray == "" {
			return Unit{}, ErrFactsDiffer
		}
	}
	if len(tokens) == 0 {
		// A key that can be made is not believed.
		u.Key = memoryKey(u.Source, nil, u.From, u.To, u.Outgoing)
	}
	return u, nil
}

// Masked is a unit as memory keeps it: what another tool wrote gets its facts
// masked and its key.
func (p *Pipeline) Masked(u Unit) (Unit, error) {
	if u.Key != "" {
		return u, nil
	}
	return p.Unit(Request{Text: u.Source, From: u.From, To: u.To, Outgoing: u.Outgoing}, u.Target)
}
