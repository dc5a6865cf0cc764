package config

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// Init asks a person for a first configuration. It returns the file, and the
// variables that have to be set beside it: secrets are never asked for. lang is
// the language of the questions; empty asks for that first.
func Init(in io.Reader, out io.Writer, words func(lang, key string, args ...any) string, lang string) ([]byte, []string, error) {
	d := &dialogue{in: bufio.NewScanner(in), out: out, words: words, lang: "en", platforms: strings.Split(tagOf[Store]("Platform", "enum"), ",")}
	switch {
	case strings.HasPrefix(strings.ToLower(lang), "zh"):
		d.lang = "zh-CN"
	case lang == "":
		// Both at once, since nothing is known yet.
		question := words("zh-CN", "init.language") + "\n" + words("en", "init.language")
		d.lang = d.ask(question, "", func(s string) (string, string) {
			switch strings.ToLower(narrow(s)) {
			case "1", "中文", "zh", "zh-cn":
				return "zh-CN", ""
			case "2", "english", "en":
				return "en", ""
			}
			return "", words("zh-CN", "init.bad.choice", "n", 2) + " " + words("en", "init.bad.choice", "n", 2)
		})
	}
	d.say(d.t("init.hello"))
	w := &writer{lang: d.lang}
	w.line("# " + d.t("init.file"))
	w.head("[desk]")
	w.set("timezone", d.ask(d.t("init.zone"), tagOf[Desk]("Zone", "default"), d.form("zone", false)))
	chats := d.chats(w)
	d.stores(w)
	d.people(w, chats)
	d.channels(w, chats)
	if d.err != nil {
		return nil, nil, d.err
	}
	file := w.Bytes()
	_, err := Parse("desk.toml", file, func(name string) string {
		if slices.Contains(w.variables, name) {
			return "set"
		}
		return ""
	})
	if err != nil {
		return nil, nil, fmt.Errorf("the answers make no configuration; nothing was written: %w", err)
	}
	d.say(d.t("init.done"))
	return file, w.variables, d.err
}

// writer writes the file as the answers come, and keeps its variables.
type writer struct {
	bytes.Buffer
	lang      string
	variables []string
}

func (w *writer) line(s string)        { w.WriteString(s + "\n") }
func (w *writer) head(s string)        { w.line("\n" + s) }
func (w *writer) set(key, text string) { w.line(key + " = " + quote(text)) }

// some writes a setting unless it is empty.
func (w *writer) some(key, text string) {
	if text != "" {
		w.set(key, text)
	}
}

func (w *writer) list(key string, items ...string) { w.line(key + " = " + quoteAll(items)) }

// env notes a variable that has to be set.
func (w *writer) env(tag, id string) { w.variables = append(w.variables, variable(tag, id)) }

// tagOf reads a tag of the declaration.
func tagOf[T any](field, tag string) string {
	f, _ := reflect.TypeFor[T]().FieldByName(field)
	return f.Tag.Get(tag)
}

// chats asks which chats there are; the console always is.
func (d *dialogue) chats(w *writer) []string {
	names := []string{"slack", "telegram"}
	got := strings.FieldsFunc(d.ask(d.t("init.chats"), "", d.pick(names, len(names), true)), func(c rune) bool { return c == ',' })
	for _, name := range got {
		w.head("[" + name + "]")
		w.line("on = true")
		if name == "slack" {
			w.env(tagOf[Slack]("BotToken", "env"), "")
			w.env(tagOf[Slack]("AppToken", "env"), "")
		} else {
			w.env(tagOf[Telegram]("Token", "env"), "")
		}
	}
	return append(got, "console")
}

// stores asks for shops until there are no more.
func (d *dialogue) stores(w *writer) {
	var names []string
	for i, platform := range d.platforms {
		names = append(names, fmt.Sprintf("%d = %s", i+1, d.platform(platform)))
	}
	list := strings.Join(names, d.t("init.comma"))
	var ids []string
	for d.err == nil {
		question := d.t("init.store", "platforms", list)
		if len(ids) > 0 {
			question = d.t("init.store_more", "platforms", list)
		}
		platform := d.ask(question, "", d.pick(d.platforms, 1, true))
		if platform == "" {
			return
		}
		w.head("[[store]]")
		var options [2]string
		var s site
		switch platform {
		case "ebay":
			country := d.ask(d.t("init.ebay_site", "sites", strings.Join(ebaySites, ", ")), "US", d.country(ebaySites))
			s, options = sites[country], [2]string{"marketplace", "EBAY_" + country}
			s.region, ids = "", append(ids, d.storeID(w, platform, country, ids))
		case "amazon":
			countries := d.ask(d.t("init.amazon_sites"), "US", d.amazonSites)
			first, _, _ := strings.Cut(countries, ",")
			s = sites[first]
			var markets []string
			for _, c := range strings.Split(countries, ",") {
				markets = append(markets, sites[c].id)
			}
			options = [2]string{"marketplace", strings.Join(markets, ",")}
			ids = append(ids, d.storeID(w, platform, first, ids))
			w.set("account", d.ask(d.t("init.amazon_seller"), "", d.free(false)))
			w.set("region", s.region)
		case "shopify":
			s = sites["US"]
			address := d.ask(d.t("init.shopify_address"), "", d.shopify)
			ids = append(ids, d.storeID(w, platform, "", ids))
			w.set("base_url", address)
		case "woo":
			address := d.ask(d.t("init.woo_address"), "", d.form("url", false))
			ids = append(ids, d.storeID(w, platform, "", ids))
			w.set("base_url", address)
		default: // a marketplace that nobody has written questions for
			address := d.ask(d.t("init.address"), "", d.form("url", true))
			ids = append(ids, d.storeID(w, platform, "", ids))
			w.some("base_url", address)
		}
		d.application(w, platform, ids[len(ids)-1])
		w.set("currency", d.ask(d.t("init.currency"), s.currency, func(x string) (string, string) {
			return d.form("currency", false)(strings.ToUpper(x))
		}))
		w.set("language", d.ask(d.t("init.buyers"), s.language, d.form("language", false)))
		if options[0] != "" {
			w.line("options = { " + options[0] + " = " + quote(options[1]) + " }")
		}
		if platform != "ebay" && d.yes(d.t("init.mail")) {
			d.mail(w, ids[len(ids)-1])
		}
	}
}

// platform is a marketplace's name; one that nobody has named yet goes by its id.
func (d *dialogue) platform(id string) string {
	name := d.t("platform." + id)
	if strings.Contains(name, "platform.") {
		return id
	}
	return name
}

// storeID asks for a store's id and name. A usual id is ebay-de.
func (d *dialogue) storeID(w *writer, platform, country string, taken []string) string {
	usual := platform
	if country != "" {
		usual += "-" + strings.ToLower(country)
	}
	if slices.Contains(taken, usual) {
		usual += fmt.Sprintf("-%d", len(taken)+1)
	}
	id := d.ask(d.t("init.store_id"), usual, d.id(taken, "all"))
	w.set("id", id)
	w.set("platform", platform)
	w.some("name", d.ask(d.t("init.store_name"), "", d.free(true)))
	return id
}

// application asks for the application's id and notes its secrets.
func (d *dialogue) application(w *writer, platform, id string) {
	question, optional := d.t("init.any_client_id"), true
	switch platform {
	case "amazon", "ebay":
		question, optional = d.t("init.client_id"), false
	case "shopify":
		question = d.t("init.shopify_client_id")
	case "woo":
		question, optional = d.t("init.woo_client_id"), false
	}
	client := d.ask(question, "", d.free(optional))
	w.some("client_id", client)
	if client == "" {
		w.env(tagOf[Store]("Access", "env"), id)
		return
	}
	w.env(tagOf[Store]("Secret", "env"), id)
	if platform != "shopify" && platform != "woo" {
		w.env(tagOf[Store]("Refresh", "env"), id)
	}
}

// country takes one of the countries, also as eBay writes its sites. Britain is
// GB to eBay, and UK to nearly everybody else.
func (d *dialogue) country(known []string) judge {
	return func(s string) (string, string) {
		s = strings.TrimPrefix(strings.ToUpper(narrow(s)), "EBAY_")
		if s == "UK" {
			s = "GB"
		}
		if slices.Contains(known, s) {
			return s, ""
		}
		return "", d.t("init.bad.country", "known", strings.Join(known, ", "))
	}
}

// amazonSites takes countries, or Amazon's ids of them, of one region: an account
// reaches no further.
func (d *dialogue) amazonSites(s string) (string, string) {
	var known, got []string
	for c, x := range sites {
		if x.id != "" {
			known = append(known, c)
		}
	}
	slices.Sort(known)
	for _, p := range parts(s) {
		for _, c := range known {
			if strings.EqualFold(p, sites[c].id) {
				p = c
			}
		}
		c, wrong := d.country(known)(p)
		switch {
		case wrong != "":
			return "", wrong
		case len(got) > 0 && sites[c].region != sites[got[0]].region:
			return "", d.t("init.bad.regions", "one", got[0], "other", c)
		case !slices.Contains(got, c):
			got = append(got, c)
		}
	}
	if len(got) == 0 {
		return "", d.t("init.bad.country", "known", strings.Join(known, ", "))
	}
	return strings.Join(got, ","), ""
}

var shopName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)

// shopify takes a shop's name or its address in any of the ways it is seen.
func (d *dialogue) shopify(s string) (string, string) {
	s = strings.ToLower(narrow(s))
	for _, scheme := range []string{"https://", "http://"} {
		s = strings.TrimPrefix(s, scheme)
	}
	s, _, _ = strings.Cut(s, "/")
	s = strings.TrimSuffix(s, ".myshopify.com")
	if !shopName.MatchString(s) {
		return "", d.t("init.bad.shopify")
	}
	return "https://" + s + ".myshopify.com", ""
}
