package config

import (
	"net"
	"slices"
	"strconv"
	"strings"
)

// keepers are servers known to keep what they send, by the end of their names.
var keepers = []string{"gmail.com", "googlemail.com", "office365.com", "outlook.com"}

// mail asks for a store's mailbox.
func (d *dialogue) mail(w *writer, id string) {
	w.line("\n[store.mail]")
	imap := d.ask(d.t("init.imap"), "", d.server("993"))
	w.set("imap", imap)
	smtp := d.ask(d.t("init.smtp"), strings.Replace(hostOf(imap), "imap.", "smtp.", 1)+":465", d.server("465"))
	w.set("smtp", smtp)
	w.set("tls", secured(imap))
	if secured(smtp) != secured(imap) {
		w.set("smtp_tls", secured(smtp))
	}
	user := d.ask(d.t("init.mail_user"), "", d.free(false))
	w.set("user", user)
	usual := ""
	if isMail(user) {
		usual = user
	}
	w.set("from", d.ask(d.t("init.mail_from"), usual, d.form("mail", false)))
	if slices.ContainsFunc(keepers, func(end string) bool { return strings.HasSuffix("."+strings.ToLower(hostOf(smtp)), "."+end) }) {
		w.line("keeps = true")
	}
	w.env(tagOf[Mail]("Password", "env"), id)
}

func hostOf(addr string) string {
	host, _, _ := net.SplitHostPort(addr)
	return host
}

// secured is how a server of mail is spoken to, by its port: encrypted from the
// start, or after STARTTLS.
func secured(addr string) string {
	if _, port, _ := net.SplitHostPort(addr); port == "993" || port == "465" {
		return "tls"
	}
	return "starttls"
}

// server takes a host with or without a port.
func (d *dialogue) server(port string) judge {
	return func(s string) (string, string) {
		s = narrow(s)
		if !strings.Contains(s, ":") {
			s += ":" + port
		}
		if host := hostOf(s); strings.ContainsAny(host, "@/ ") || !strings.Contains(host, ".") && host != "localhost" {
			s = ""
		}
		return d.form("hostport", false)(s)
	}
}

// people asks for the first admin, and for others until there are no more. The
// first may do everything, since nobody else could give them a right they lack.
func (d *dialogue) people(w *writer, chats []string) {
	roles := strings.Split(tagOf[Person]("Roles", "enum"), ",")
	var ids []string
	taken := map[string][]string{}
	for d.err == nil {
		first := len(ids) == 0
		question := d.t("init.person_more")
		if first {
			question = d.t("init.person_first")
		}
		id := d.ask(question, "", func(s string) (string, string) {
			if s == "" && !first {
				return "", ""
			}
			return d.id(ids, "desk")(s)
		})
		if id == "" {
			return
		}
		ids = append(ids, id)
		w.head("[[person]]")
		w.set("id", id)
		w.some("name", d.ask(d.t("init.person_name"), "", d.free(true)))
		w.set("language", d.ask(d.t("init.person_language"), d.lang, d.form("language", false)))
		got := roles
		if !first {
			got = strings.Split(d.ask(d.t("init.person_roles"), "agent", d.pick(roles, len(roles), false)), ",")
		}
		w.list("roles", got...)
		w.list("stores", everyStore)
		for _, chat := range chats {
			if chat == "console" {
				continue
			}
			w.some(chat, d.ask(d.t("init.account."+chat), "", func(s string) (string, string) {
				v, wrong := d.form(chat, true)(s)
				if wrong == "" && v != "" && slices.Contains(taken[chat], v) {
					return "", d.t("init.bad.taken", "id", v)
				}
				taken[chat] = append(taken[chat], v)
				return v, wrong
			}))
		}
	}
}

// channels asks where each kind of news is said. Kinds said in one place share
// its section.
func (d *dialogue) channels(w *writer, chats []string) {
	topics := map[string][]string{}
	var places []string
	for _, topic := range strings.Split(tagOf[Channel]("Topics", "enum"), ",") {
		usual := "console:" + topic
		if len(places) > 0 && len(chats) > 1 {
			usual = places[len(places)-1]
		}
		at := d.ask(d.t("init.topic."+topic), usual, d.place(chats))
		if !slices.Contains(places, at) {
			places = append(places, at)
		}
		topics[at] = append(topics[at], topic)
	}
	for _, at := range places {
		w.head("[[channel]]")
		w.set("place", at)
		if d.err == nil {
			w.set("name", d.t("init.channel."+topics[at][0]))
		}
		w.set("language", d.lang)
		w.list("stores", everyStore)
		w.list("topics", topics[at]...)
	}
}

// place takes a place in a chat that was chosen. A channel's id alone will do
// where its form tells the chat.
func (d *dialogue) place(chats []string) judge {
	return func(s string) (string, string) {
		s = narrow(s)
		if !strings.Contains(s, ":") {
			if _, err := strconv.ParseInt(s, 10, 64); err == nil {
				s = "telegram:" + s
			} else if places["slack"].MatchString(s) && len(s) > 8 {
				s = "slack:" + s
			}
		}
		if !isPlace(s) {
			return "", d.t("init.bad.place", "chats", strings.Join(chats, ", "))
		}
		if chat, _, _ := strings.Cut(s, ":"); !slices.Contains(chats, chat) {
			return "", d.t("init.bad.chat_off", "chat", chat, "chats", strings.Join(chats, ", "))
		}
		return s, ""
	}
}
