package glossary

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
)

// What TBX has a place of its own for; every other field of ours is a note that
// begins with "desk." and the column's name, since notes are the only place that
// both the core and the basic dialect have for anything.
const (
	tbxMark       = "desk."
	tbxPreferred  = "preferredTerm-admn-sts"
	tbxAdmitted   = "admittedTerm-admn-sts"
	tbxForbidden  = "deprecatedTerm-admn-sts"
	tbxStandingOf = "administrativeStatus"
	tbxHead       = xml.Header + `<tbx type="TBX-Basic" style="dca" xml:lang="en" xmlns="urn:iso:std:iso:30042:ed-2">
<tbxHeader><fileDesc><sourceDesc><p>HelloWorld Desk: glossary</p></sourceDesc></fileDesc></tbxHeader>
<text><body>
`
	tbxFoot = "</body></text>\n</tbx>\n"
)

type tbxEntry struct {
	XMLName xml.Name  `xml:"conceptEntry"`
	ID      string    `xml:"id,attr,omitempty"`
	Admins  []tbxItem `xml:"admin"`
	Notes   []string  `xml:"note"`
	Langs   []tbxLang `xml:"langSec"`
}

type tbxLang struct {
	Lang  string    `xml:"http://www.w3.org/XML/1998/namespace lang,attr"`
	Notes []string  `xml:"note"`
	Terms []tbxTerm `xml:"termSec"`
}

type tbxTerm struct {
	Term      string    `xml:"term"`
	TermNotes []tbxItem `xml:"termNote"`
	Notes     []string  `xml:"note"`
}

type tbxItem struct {
	Type string `xml:"type,attr"`
	Text string `xml:",chardata"`
}

// xmlName is what may be an id in XML.
var xmlName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.\-]*$`)

func writeTBX(w io.Writer, rows []row) error {
	var b bytes.Buffer
	b.WriteString(tbxHead)
	for _, r := range rows {
		one, err := xml.MarshalIndent(tbxOf(r), "", " ")
		if err != nil {
			return err
		}
		b.Write(one)
		b.WriteByte('\n')
	}
	b.WriteString(tbxFoot)
	_, err := w.Write(b.Bytes())
	return err
}

func tbxOf(r row) tbxEntry {
	e := tbxEntry{}
	for _, c := range columns {
		switch v := r[c]; {
		case v == "":
		case c == "id" && xmlName.MatchString(v):
			e.ID = v
		case c == "source":
			e.Admins = append(e.Admins, tbxItem{"source", v})
		case c == "store":
			e.Admins = append(e.Admins, tbxItem{"customerSubset", v})
		case c == "platform":
			e.Admins = append(e.Admins, tbxItem{"projectSubset", v})
		case c == "note" && !strings.HasPrefix(v, tbxMark):
			e.Notes = append(e.Notes, v)
		default:
			e.Notes = append(e.Notes, tbxMark+c+": "+v)
		}
	}
	for _, lang := range r.langs() {
		l := tbxLang{Lang: lang}
		for _, a := range []string{"match", "case", "status"} {
			if v := r[aspect(lang, a)]; v != "" {
				l.Notes = append(l.Notes, tbxMark+a+": "+v)
			}
		}
		add := func(text, standing string, notes ...string) {
			l.Terms = append(l.Terms, tbxTerm{Term: text, TermNotes: []tbxItem{{tbxStandingOf, standing}}, Notes: notes})
		}
		if r[lang] != "" {
			add(r[lang], tbxPreferred)
		}
		for _, s := range splitList(r[aspect(lang, "variants")]) {
			add(s, tbxAdmitted)
		}
		for _, s := range splitList(r[aspect(lang, "one")]) {
			add(s, tbxAdmitted, tbxMark+"one: yes")
		}
		for _, s := range splitList(r[aspect(lang, "forbidden")]) {
			add(s, tbxForbidden)
		}
		e.Langs = append(e.Langs, l)
	}
	return e
}

// tbx reads entries one by one. Nothing is fetched and no entity of the file's
// own is known, whatever the file asks for; one that declares any is refused.
func (in *reading) tbx(data []byte) {
	data, ok := in.text(data)
	if !ok {
		return
	}
	d := xml.NewDecoder(bytes.NewReader(data))
	found, root := 0, false
	for {
		line, _ := d.InputPos()
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			in.xmlFault(err, line)
			return
		}
		switch x := tok.(type) {
		case xml.Directive:
			if s := string(x); strings.Contains(s, "[") || strings.Contains(s, "ENTITY") {
				in.fault(Fault{Line: line, Code: "entities"})
				return
			}
		case xml.StartElement:
			if !root && x.Name.Local != "tbx" {
				in.fault(Fault{Line: line, Code: "tbx", What: x.Name.Local})
				return
			}
			root = true
			if x.Name.Local != "conceptEntry" {
				continue
			}
			line, _ = d.InputPos()
			var e tbxEntry
			if err := d.DecodeElement(&e, &x); err != nil {
				in.xmlFault(err, line)
				return
			}
			found++
			in.concept(e, line)
		}
	}
	if found == 0 {
		in.fault(Fault{Code: "empty"})
	}
}

func (in *reading) xmlFault(err error, line int) {
	if at := (*xml.SyntaxError)(nil); errors.As(err, &at) {
		in.fault(Fault{Line: at.Line, Code: "xml", What: at.Msg})
		return
	}
	in.fault(Fault{Line: line, Code: "xml", What: err.Error()})
}

// concept takes an entry, of ours or of somebody else's making.
func (in *reading) concept(e tbxEntry, line int) {
	r, good := row{"id": e.ID}, true
	bad := func(field, code, what string) {
		good = false
		in.fault(Fault{Line: line, Field: field, ID: r["id"], Code: code, What: what})
	}
	for _, a := range e.Admins {
		switch a.Type {
		case "source":
			r.put("source", a.Text)
		case "customerSubset":
			r.put("store", a.Text)
		case "projectSubset":
			r.put("platform", a.Text)
		}
	}
	var notes []string
	for _, n := range e.Notes {
		name, value, ok := marked(n)
		switch {
		case !ok:
			notes = append(notes, n)
		case !slices.Contains(columns, name):
			bad(name, "column", name)
		default:
			r.put(name, value)
		}
	}
	if len(notes) > 0 {
		r.put("note", strings.Join(notes, "\n"))
	}
	for _, l := range e.Langs {
		if lang, asp, ok := splitColumn(l.Lang); !ok || lang == "" || asp != "" {
			bad(l.Lang, "language", l.Lang)
			continue
		}
		if r[l.Lang] != "" {
			bad(l.Lang, "twice", l.Lang)
			continue
		}
		for _, n := range l.Notes {
			if name, value, ok := marked(n); ok && slices.Contains([]string{"match", "case", "status"}, name) {
				r.put(aspect(l.Lang, name), value)
			}
		}
		r.words(l)
	}
	if good {
		in.add(r, line, func(string) int { return 0 })
	}
}

// words sorts a language's words. Without a standing the first is preferred.
func (r row) words(l tbxLang) {
	var variants, forbidden, one []string
	for _, t := range l.Terms {
		standing := ""
		for _, n := range t.TermNotes {
			if n.Type == tbxStandingOf {
				standing = strings.TrimSpace(n.Text)
			}
		}
		single := slices.Contains(t.Notes, tbxMark+"one: yes")
		switch {
		case standing == tbxForbidden || standing == "supersededTerm-admn-sts":
			forbidden = append(forbidden, t.Term)
		case single:
			one = append(one, t.Term)
		case standing == tbxPreferred && r[l.Lang] == "":
			r.put(l.Lang, t.Term)
		default:
			variants = append(variants, t.Term)
		}
	}
	if r[l.Lang] == "" && len(variants) > 0 {
		r.put(l.Lang, variants[0])
		variants = variants[1:]
	}
	r.put(aspect(l.Lang, "variants"), joinList(variants))
	r.put(aspect(l.Lang, "forbidden"), joinList(forbidden))
	r.put(aspect(l.Lang, "one"), joinList(one))
}

// marked takes a note of ours apart.
func marked(note string) (name, value string, ok bool) {
	rest, ok := strings.CutPrefix(note, tbxMark)
	if !ok {
		return "", "", false
	}
	return strings.Cut(rest, ": ")
}
