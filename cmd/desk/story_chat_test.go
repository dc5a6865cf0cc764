package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
)

// venue is a chat of a story, with the hands of the people in it.
type venue interface {
	name() string
	// channel is the chat's own id of a room.
	channel(c channel) string
	// say writes text in a channel, or under a post of it.
	say(p person, channel string, under *post, text string) error
	// seen is what everybody sees in a channel, threads included; private is what
	// this person alone was shown.
	seen(channel string) ([]post, error)
	private(p person) ([]post, error)
	press(p person, at post, b button) error
	// form is the title and words of the form that a person has open.
	form(p person) (words string, open bool, err error)
	fill(p person, values map[string]string) error
	edit(p person, at post, text string) error
	remove(p person, at post) error
	// trouble makes the chat fail; "down" and "up" are known to all that fail.
	trouble(kind string, n int) error
	// judge tells what the desk did to this chat that it must not do.
	judge() error
}

// post is something that was said in a chat, as people see it.
type post struct {
	venue   venue
	channel string
	id      string
	thread  string
	// only is whom alone it was shown to.
	only    string
	text    string
	buttons []button
	at      time.Time
	edited  bool
	// desk: the desk said it.
	desk bool
}

type button struct{ label, token, url string }

type keptButton struct {
	at post
	b  button
}

func (p post) labels() string {
	var out []string
	for _, b := range p.buttons {
		out = append(out, "["+b.label+"]")
	}
	return strings.Join(out, " ")
}

// has tells whether a post holds all of these pieces of text.
func (p post) has(pieces []string) bool {
	text := plainly(p.text)
	for _, x := range pieces {
		if !strings.Contains(text, plainly(x)) {
			return false
		}
	}
	return true
}

// plainly is text without what nobody sees: line breaks and kinds of spaces
// become one space, direction and zero-width signs go.
func plainly(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.In(r, unicode.Cf):
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

func openVenue(s *story, name string) (venue, error) {
	switch name {
	case "console":
		return &consoleVenue{s: s, browsers: map[string]*browser{}}, nil
	case "slack":
		return openSlack(s)
	case "telegram":
		return openTelegram(s)
	}
	return nil, fmt.Errorf("there is no chat %q", name)
}

func (s *story) venue(name string) (venue, error) {
	for _, v := range s.chats {
		if v.name() == name {
			return v, nil
		}
	}
	return nil, fmt.Errorf("the story has no chat %q", name)
}

// spot is a channel in a chat. Without a chat, chats holds all of the story's.
type spot struct {
	chats []venue
	room  channel
}

// spotOf reads "leads", "slack:leads" or "slack".
func (s *story) spotOf(text string) (spot, error) {
	name, rest, both := strings.Cut(text, ":")
	if !both {
		if c, ok := room(text); ok {
			return spot{s.chats, c}, nil
		}
		rest = "shop"
	}
	v, err := s.venue(name)
	if err != nil {
		return spot{}, err
	}
	c, ok := room(rest)
	if !ok {
		return spot{}, fmt.Errorf("there is no channel %q", rest)
	}
	return spot{[]venue{v}, c}, nil
}

// all is everything anybody was shown in a chat.
func (s *story) all(v venue) []post {
	var out []post
	for _, c := range channels {
		seen, err := v.seen(v.channel(c))
		if err != nil {
			continue // told by whoever asked for it
		}
		out = append(out, seen...)
	}
	for _, p := range cast {
		mine, err := v.private(p)
		if err != nil {
			continue
		}
		out = append(out, mine...)
	}
	slices.SortStableFunc(out, func(a, b post) int { return a.at.Compare(b.at) })
	return out
}

// sees is everything a person can see in a chat, oldest first.
func (s *story) sees(v venue, p person) ([]post, error) {
	var out []post
	for _, c := range channels {
		seen, err := v.seen(v.channel(c))
		if err != nil {
			return nil, err
		}
		out = append(out, seen...)
	}
	mine, err := v.private(p)
	if err != nil {
		return nil, err
	}
	out = append(out, mine...)
	slices.SortStableFunc(out, func(a, b post) int { return a.at.Compare(b.at) })
	return out, nil
}

// find is the newest post a person sees that ok agrees to, waited for.
func (s *story) find(chats []venue, p person, what string, ok func(post) bool) (post, error) {
	var hit post
	err := s.until(func() error {
		found := false
		for _, v := range chats {
			posts, err := s.sees(v, p)
			if err != nil {
				return err
			}
			for _, x := range posts {
				if ok(x) && (!found || !x.at.Before(hit.at)) {
					hit, found = x, true
				}
			}
		}
		if !found {
			return fmt.Errorf("%w: %s sees no %s", errNotYet, p.id, what)
		}
		return nil
	})
	return hit, err
}
