package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"

	"helloworld/bot/chat/console"
	"helloworld/bot/chat/telegram"
	"helloworld/bot/stepup"
)

// doTell says something where nobody but the desk reads along.
func doTell(s *story, w []string) error {
	p, err := castMember(w[0])
	if err != nil {
		return err
	}
	rest, o := options(w[1:], "in")
	v := s.chats[0]
	if o["in"] != "" {
		if v, err = s.venue(o["in"]); err != nil {
			return err
		}
	}
	channel, ok := map[string]string{console.Name: "@" + p.id, telegram.Name: strconv.FormatInt(p.telegram, 10)}[v.name()]
	if !ok || len(rest) != 1 {
		return errors.New("tell one text, in quotes, in the console or in telegram")
	}
	return v.say(p, channel, nil, rest[0])
}

var appKey = regexp.MustCompile(`[A-Z2-7]{32}`)

// doAppCode reads the key that a form shows into somebody's app, and takes the code
// that the app shows, now or next.
func doAppCode(s *story, w []string) error {
	p, err := castMember(w[1])
	if err != nil {
		return err
	}
	key := "app of " + p.id
	for _, v := range s.chats {
		text, open, err := v.form(p)
		if err != nil {
			return err
		}
		if found := appKey.FindString(text); open && found != "" {
			s.caught[key] = found
		}
	}
	if s.caught[key] == "" {
		return fmt.Errorf("%s has no app", p.id)
	}
	at := time.Now()
	if slices.Contains(w[2:], "next") {
		at = at.Add(30 * time.Second)
	}
	s.caught[w[0]], err = stepup.CodeAt(s.caught[key], at)
	return err
}

// doUnwritten looks for words in the log, in every row of the database and in
// every file beside it.
func doUnwritten(s *story, w []string) error {
	if err := s.wait(); err != nil {
		return err
	}
	in := func(where string, text []byte) error {
		for _, x := range w {
			if bytes.Contains(text, []byte(x)) {
				return fmt.Errorf("%q stands in %s", x, where)
			}
		}
		return nil
	}
	if err := in("the log", []byte(s.log.String())); err != nil {
		return err
	}
	return filepath.WalkDir(s.cfg.Desk.Data, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		return in(filepath.Base(name), text)
	})
}
