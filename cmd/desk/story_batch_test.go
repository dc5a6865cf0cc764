package main

import (
	"errors"
	"strings"
)

// doPaste says a command with one of the story's files pasted behind it, as people
// do with a table.
func doPaste(s *story, w []string) error {
	text, ok := s.files[w[2]]
	if !ok {
		return errors.New("the story has no file " + w[2])
	}
	return doSay(s, []string{w[0], w[1] + "\n" + strings.TrimSpace(text)})
}
