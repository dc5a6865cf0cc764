package mail

import (
	"bytes"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/net/html/charset"
)

// htmlText reduces a marked-up mail to its text: paragraphs and lists become
// lines, quotes get a ">", and what a reader would not see is left out.
func htmlText(b []byte) string {
	s := utf(b)
	if !utf8.Valid(b) {
		// The page may say itself what the mail's header did not.
		if r, err := charset.NewReader(bytes.NewReader(b), "text/html"); err == nil {
			if out, err := io.ReadAll(r); err == nil {
				s = strings.ToValidUTF8(string(out), "\uFFFD")
			}
		}
	}
	doc, err := html.Parse(strings.NewReader(s))
	if err != nil {
		return s
	}
	p := &page{}
	p.node(doc, 0, 0)
	p.flush()
	return strings.Join(p.lines, "\n")
}

// page is text in the making.
type page struct {
	lines []string
	cur   strings.Builder
	// space: one is due before the next word. pre: spaces count as they are.
	space bool
	quote int
	size  int
}

// maxNest bounds how deep marks may be nested before the rest is dropped.
const maxNest = 400

func (p *page) node(n *html.Node, depth, pre int) {
	if depth > maxNest || p.size > maxText {
		return
	}
	switch n.Type {
	case html.TextNode:
		p.text(n.Data, pre > 0)
		return
	case html.ElementNode:
	default:
		p.children(n, depth, pre)
		return
	}
	if hidden(n) {
		return
	}
	switch n.DataAtom {
	case atom.Head, atom.Script, atom.Style, atom.Title, atom.Template, atom.Noscript, atom.Svg:
		return
	case atom.Br:
		p.flush()
		return
	case atom.Hr:
		p.flush()
		return
	case atom.Img:
		if alt := attr(n, "alt"); alt != "" && len(alt) < 200 {
			p.text(" ["+alt+"] ", false)
		}
		return
	case atom.Pre:
		pre++
	}
	if marksQuote(n) {
		// Outlook does not wrap what it quotes: all that follows is the quote.
		p.flush()
		p.line("----- Original Message -----")
		return
	}
	quoted := n.DataAtom == atom.Blockquote || wrapsQuote(n)
	if quoted {
		p.flush()
		p.quote++
	}
	block := isBlock(n.DataAtom)
	if block {
		p.flush()
	}
	if n.DataAtom == atom.Li {
		p.text("• ", false)
		p.space = true
	}
	p.children(n, depth, pre)
	if n.DataAtom == atom.A {
		p.link(n)
	}
	if n.DataAtom == atom.Td || n.DataAtom == atom.Th {
		p.space = true
	}
	if block {
		p.flush()
		if n.DataAtom == atom.P {
			p.blank()
		}
	}
	if quoted {
		p.flush()
		p.quote--
	}
}

func (p *page) children(n *html.Node, depth, pre int) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		p.node(c, depth+1, pre)
	}
}

func (p *page) text(s string, pre bool) {
	if pre {
		for i, l := range strings.Split(s, "\n") {
			if i > 0 {
				p.flush()
			}
			p.cur.WriteString(l)
			p.size += len(l)
		}
		return
	}
	for i, w := range strings.FieldsFunc(s, isSpace) {
		if i > 0 || p.space || startsSpace(s) {
			if p.cur.Len() > 0 {
				p.cur.WriteByte(' ')
			}
		}
		p.space = false
		p.cur.WriteString(w)
		p.size += len(w) + 1
	}
	if s != "" && isSpace(rune(s[len(s)-1])) {
		p.space = true
	}
}

func isSpace(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == '\f' }

func startsSpace(s string) bool { return s != "" && isSpace(rune(s[0])) }

// link adds a link's address where the words do not already show it.
func (p *page) link(n *html.Node) {
	href := strings.TrimSpace(attr(n, "href"))
	if !strings.HasPrefix(href, "http://") && !strings.HasPrefix(href, "https://") || len(href) > 500 {
		return
	}
	if n.FirstChild == nil || strings.Contains(p.cur.String(), strings.TrimSuffix(href, "/")) {
		return
	}
	p.text(" ("+href+")", false)
}

func (p *page) flush() {
	p.space = false
	if p.cur.Len() == 0 {
		return
	}
	s := p.cur.String()
	p.cur.Reset()
	p.line(s)
}

func (p *page) line(s string) {
	p.lines = append(p.lines, strings.Repeat("> ", min(p.quote, 5))+s)
}

func (p *page) blank() {
	if n := len(p.lines); n > 0 && p.lines[n-1] != "" {
		p.lines = append(p.lines, "")
	}
}

func isBlock(a atom.Atom) bool {
	switch a {
	case atom.P, atom.Div, atom.Table, atom.Tr, atom.Ul, atom.Ol, atom.Li, atom.Blockquote, atom.Pre, atom.H1, atom.H2,
		atom.H3, atom.H4, atom.H5, atom.H6, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Dl, atom.Dt,
		atom.Dd, atom.Center, atom.Address, atom.Form, atom.Body, atom.Tbody:
		return true
	}
	return false
}

// wrapsQuote: the mark that Gmail, Yahoo and others put around what they quote.
func wrapsQuote(n *html.Node) bool {
	class := " " + strings.ToLower(attr(n, "class")) + " "
	for _, c := range []string{"gmail_quote", "yahoo_quoted", "protonmail_quote", "moz-cite-prefix", "zmail_extra", "gmail_signature"} {
		if strings.Contains(class, " "+c+" ") {
			return true
		}
	}
	return false
}

// marksQuote: the mark that Outlook puts above what it quotes.
func marksQuote(n *html.Node) bool {
	switch strings.ToLower(attr(n, "id")) {
	case "divrplyfwdmsg", "appendonsend", "x_divrplyfwdmsg", "mail-editor-reference-message-container", "ms-outlook-mobile-reference-message":
		return true
	}
	return false
}

func hidden(n *html.Node) bool {
	style := strings.ToLower(strings.ReplaceAll(attr(n, "style"), " ", ""))
	if strings.Contains(style, "display:none") || strings.Contains(style, "mso-hide:all") {
		return true
	}
	for _, a := range n.Attr {
		if a.Key == "hidden" {
			return true
		}
	}
	return false
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}
