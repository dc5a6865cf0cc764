package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"helloworld/cmd/desk/config"
)

// ear hears every byte that the desk says to shops, mail servers and engines.
type ear struct {
	mu    sync.Mutex
	heard bytes.Buffer
}

func (e *ear) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.heard.Write(p)
}

func (e *ear) has(words string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return (post{text: e.heard.String()}).has([]string{words})
}

// tap stands before an address and gives its own; all goes through, and what the
// desk says is heard.
func (s *story) tap(target string) (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	s.t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // the story is over
			}
			go s.ear.pass(c, target)
		}
	}()
	return l.Addr().String(), nil
}

func (e *ear) pass(c net.Conn, target string) {
	defer c.Close()
	far, err := net.Dial("tcp", target)
	if err != nil {
		return // as if nobody were there
	}
	defer far.Close()
	go func() {
		_, _ = io.Copy(far, io.TeeReader(c, e))
		_ = far.Close()
	}()
	_, _ = io.Copy(c, far)
}

// overhear has everything that leaves the desk go through the ear.
func (s *story) overhear(cfg *config.Config) error {
	taps := map[string]string{}
	through := func(url string) (string, error) {
		scheme, rest, found := strings.Cut(url, "://")
		if !found || scheme != "http" {
			return url, nil
		}
		host, path, _ := strings.Cut(rest, "/")
		if taps[host] == "" {
			at, err := s.tap(host)
			if err != nil {
				return "", err
			}
			taps[host] = at
		}
		return "http://" + taps[host] + "/" + path, nil
	}
	var err error
	for i := range cfg.Stores {
		st := &cfg.Stores[i]
		if st.BaseURL, err = through(st.BaseURL); err != nil {
			return err
		}
		if apiz := st.Options["apiz"]; apiz != "" {
			if st.Options["apiz"], err = through(apiz); err != nil {
				return err
			}
		}
		if st.Mail != nil {
			if st.Mail.SMTP, err = s.tap(st.Mail.SMTP); err != nil {
				return err
			}
		}
	}
	for i := range cfg.Engines {
		if cfg.Engines[i].BaseURL, err = through(cfg.Engines[i].BaseURL); err != nil {
			return err
		}
	}
	return nil
}

func doOverhear(s *story, _ []string) error {
	if s.desk != nil {
		return errors.New("what was said already cannot be heard: overhear before the desk starts")
	}
	s.ear = &ear{}
	return nil
}

func doOverheard(s *story, w []string) error {
	if s.ear == nil {
		return errors.New("nobody listens: overhear first")
	}
	return s.until(func() error {
		for _, x := range w {
			if !s.ear.has(x) {
				return fmt.Errorf("%w: %q has not left the desk", errNotYet, x)
			}
		}
		return nil
	})
}

// doUnheard waits until all is said that was to be said, and looks once.
func doUnheard(s *story, w []string) error {
	if s.ear == nil {
		return errors.New("nobody listens: overhear first")
	}
	if err := s.wait(); err != nil {
		return err
	}
	for _, x := range w {
		if s.ear.has(x) {
			return fmt.Errorf("%q has left the desk", x)
		}
	}
	return nil
}

// doReplies sets which answers go out by themselves.
func doReplies(s *story, w []string) error {
	if s.desk != nil {
		return errors.New("this stands in the configuration: say it before the desk starts")
	}
	every := []string{"*"}
	s.replies = config.Replies{Auto: strings.Split(w[0], ","), Stores: every, People: every}
	return s.replies.After.UnmarshalText([]byte(w[1]))
}

func doWords(s *story, w []string) error {
	if s.desk != nil {
		return errors.New("own words are read at start: say them before the desk starts")
	}
	s.glossary = s.t.TempDir()
	return os.WriteFile(filepath.Join(s.glossary, "own.toml"), []byte(w[0]), 0o600)
}
