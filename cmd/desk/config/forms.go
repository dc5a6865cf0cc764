package config

import (
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/currency"
	"golang.org/x/text/language"

	"helloworld/bot/people"
	"helloworld/bot/policy"
)

// form is what a text has to look like.
type form struct {
	// what it is, as in "… is not a time zone".
	what string
	// eg is one that is right.
	eg string
	ok func(string) bool
}

// forms are all forms, by the name that the declaration uses.
var forms = map[string]form{
	"id":       {"an id: up to 32 of a-z, 0-9, - and _", "ebay-de", isID},
	"url":      {"an address with https:// or http:// and without a password", "https://example.com", isURL},
	"zone":     {"a time zone", "Asia/Shanghai", isZone},
	"language": {"a language (BCP 47)", "zh-CN", isLanguage},
	"currency": {"a currency (ISO 4217)", "EUR", isCurrency},
	"hostport": {"host:port", "imap.example.com:993", isHostPort},
	"pair":     {"two languages, FROM>TO, either of which may be *", "en>zh", isPair},
	"amount":   {"an amount with up to 6 decimals", "20.00", regexp.MustCompile(`^[0-9]{1,9}(\.[0-9]{1,6})?$`).MatchString},
	"hours":    {"hours: days and times", "mon-fri 09:00-18:00", func(s string) bool { _, err := policy.ParseSpan(s); return err == nil }},
	"approver": {"a role (agent, ops, manager, admin) or person:ID", "person:wang", isApprover},
	"day":      {"a day", "2026-11-20", aDay},
	"listen":   {"an address to listen on, host:port", "127.0.0.1:8080", isListen},
	"place":    {"CHAT:CHANNEL, where CHAT is slack, telegram or console", "slack:C0123456", isPlace},
	"mail":     {"a mail address", "shop@example.com", isMail},
	"slack":    {"a Slack member id", "U0123456", regexp.MustCompile(`^[UW][A-Z0-9]+$`).MatchString},
	"telegram": {"a Telegram user id", "123456789", regexp.MustCompile(`^[1-9][0-9]{0,18}$`).MatchString},
}

var isID = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,31}$`).MatchString

func isURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && u.User == nil && !strings.ContainsAny(s, " \t")
}

func isZone(s string) bool {
	_, err := time.LoadLocation(s)
	return err == nil && s != ""
}

// isLanguage wants a language that exists: language.Parse alone takes any three
// letters that are well-formed.
func isLanguage(s string) bool {
	tag, err := language.Parse(s)
	return err == nil && tag != language.Und && !strings.Contains(s, "_")
}

func isCurrency(s string) bool {
	unit, err := currency.ParseISO(s)
	return err == nil && unit.String() == s && s != "XXX" && s != "XTS"
}

// isPair takes "en>zh" and "*>ja".
func isPair(s string) bool {
	from, to, ok := strings.Cut(s, ">")
	return ok && (from == "*" || isLanguage(from)) && (to == "*" || isLanguage(to))
}

// isApprover takes a role, or a person by their id.
func isApprover(s string) bool {
	id, ok := strings.CutPrefix(s, policy.PersonPrefix)
	if ok {
		return isID(id)
	}
	return slices.Contains(people.Roles, people.Role(s))
}

func isPort(s string, least int) bool {
	n, err := strconv.Atoi(s)
	return err == nil && n >= least && n <= 65535 && strconv.Itoa(n) == s
}

func isHostPort(s string) bool {
	host, port, err := net.SplitHostPort(s)
	return err == nil && host != "" && !strings.ContainsAny(s, " /@") && isPort(port, 1)
}

// isListen takes an empty host, which is every address of the computer, and
// port 0, which is any that is free.
func isListen(s string) bool {
	_, port, err := net.SplitHostPort(s)
	return err == nil && !strings.ContainsAny(s, " /@") && isPort(port, 0)
}

// places are the chats that a place may be in, each with the form of its channels.
var places = map[string]*regexp.Regexp{
	"slack":    regexp.MustCompile(`^[CDG][A-Z0-9]+$`),
	"telegram": regexp.MustCompile(`^-?[1-9][0-9]{0,18}(/[1-9][0-9]{0,9})?$`),
	"console":  regexp.MustCompile(`^\S{1,64}$`),
}

func isPlace(s string) bool {
	chat, channel, ok := strings.Cut(s, ":")
	re := places[chat]
	return ok && re != nil && re.MatchString(channel)
}

func isMail(s string) bool {
	_, err := mail.ParseAddress(s)
	return err == nil
}

// complaint says what is wrong with a text; empty when nothing is.
func complaint(value, formName string, enum []string) string {
	if len(enum) > 0 && !slices.Contains(enum, value) {
		what := fmt.Sprintf("%s is not one of %s", show(value), strings.Join(enum, ", "))
		if near := nearest(value, enum); near != "" {
			what += fmt.Sprintf("; did you mean %q?", near)
		}
		return what
	}
	f, ok := forms[formName]
	if !ok || f.ok(value) {
		return ""
	}
	if formName == "place" {
		chat, channel, _ := strings.Cut(value, ":")
		switch {
		case chat == "slack" && strings.HasPrefix(channel, "#"):
			return fmt.Sprintf("%s names the channel; expected its id, for example %q (channel details, at the very bottom)", show(value), f.eg)
		case chat == "slack":
			return fmt.Sprintf("%s is not a Slack channel; expected for example %q", show(value), f.eg)
		case chat == "telegram":
			return fmt.Sprintf("%s is not a Telegram chat; expected for example %q", show(value), "telegram:-1001234567890")
		}
	}
	return fmt.Sprintf("%s is not %s; expected for example %q", show(value), f.what, f.eg)
}
