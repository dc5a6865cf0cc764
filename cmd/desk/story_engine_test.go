package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sync"
	"testing"

	"golang.org/x/text/language"

	"helloworld/cmd/desk/config"
	"helloworld/i18n/translate"
	"helloworld/i18n/translate/enginetest"
)

// storyEngine is a language model of a story. It knows the sentences that it was
// taught; of others it makes what a toy does.
type storyEngine struct {
	name   string
	t      *testing.T
	mu     sync.Mutex
	down   bool
	taught map[string]string
}

func doEngines(s *story, w []string) error {
	if s.desk != nil {
		return errors.New("the engines stand in the configuration: name them before the desk starts")
	}
	for _, name := range w {
		e := &storyEngine{name: name, t: s.t, taught: map[string]string{}}
		srv := httptest.NewServer(e)
		s.t.Cleanup(srv.Close)
		s.engines = append(s.engines, e)
		s.engineConfigs = append(s.engineConfigs, config.Engine{Name: name, Kind: "openai", BaseURL: srv.URL + "/v1", Model: "toy"})
	}
	return nil
}

func doEngine(s *story, w []string) error {
	for _, e := range s.engines {
		if e.name == w[0] {
			return e.order(w[1:])
		}
	}
	return fmt.Errorf("the story has no engine %q", w[0])
}

func (e *storyEngine) order(w []string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case len(w) == 1 && (w[0] == "down" || w[0] == "up"):
		e.down = w[0] == "down"
	case len(w) == 3 && w[0] == "knows":
		e.taught[w[1]] = w[2]
	default:
		return errors.New("an engine is down or up, or knows a SENTENCE and its TRANSLATION")
	}
	return nil
}

// wantedPair is where a model is told what to translate from and into.
var wantedPair = regexp.MustCompile(`from .+? \(([\w-]+)\) to .+? \(([\w-]+)\)\.`)

// ServeHTTP answers as servers of language models do.
func (e *storyEngine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.down {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	var q struct {
		Messages []struct{ Role, Content string }
	}
	var texts, pair []string
	if err := json.NewDecoder(r.Body).Decode(&q); err == nil && len(q.Messages) == 2 && json.Unmarshal([]byte(q.Messages[1].Content), &texts) == nil {
		pair = wantedPair.FindStringSubmatch(q.Messages[0].Content)
	}
	if pair == nil {
		e.t.Errorf("%s: not a question for a model: %+v", e.name, q)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	batch := make([]translate.Segment, len(texts))
	for i, text := range texts {
		batch[i].Text = text
	}
	answers, err := enginetest.Toy{}.Translate(r.Context(), batch, language.Make(pair[1]), language.Make(pair[2]))
	if err != nil {
		return // whoever asked has gone
	}
	for i, text := range texts {
		if known, ok := e.taught[text]; ok {
			answers[i] = known
		}
	}
	content, err := json.Marshal(answers)
	if err == nil {
		err = json.NewEncoder(w).Encode(map[string]any{"choices": []any{map[string]any{
			"finish_reason": "stop", "message": map[string]string{"role": "assistant", "content": string(content)}}}})
	}
	if err != nil && r.Context().Err() == nil {
		e.t.Errorf("%s: %v", e.name, err)
	}
}
