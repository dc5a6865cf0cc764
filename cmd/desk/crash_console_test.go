package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"sync"
	"time"
)

// caraBrowser is a manager's browser with the console. Whichever replica it asks
// knows her, and shows her the same.
type caraBrowser struct {
	mu     sync.Mutex
	client *http.Client
	token  string
	turn   int
}

var errNoConsole = errors.New("no console is up")

// approve presses Approve on the card with mark. A replica that dies under her
// hands, or a card that is not there yet, she comes back for.
func (b *caraBrowser) approve(ctx context.Context, p *crowd, mark string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for try := 0; try < 8 && ctx.Err() == nil; try++ {
		b.turn++
		if b.tryApprove(p, mark) == nil {
			return
		}
		nap(ctx, 400*time.Millisecond)
	}
}

func (b *caraBrowser) tryApprove(p *crowd, mark string) error {
	at, code := p.d.console(b.turn)
	if at == "" {
		return errNoConsole
	}
	if err := b.signIn(p, at, code); err != nil {
		return err
	}
	var page struct {
		Posts []consolePost `json:"posts"`
	}
	if err := b.ask("GET", at+"/api/posts?channel="+caraRoom+"&thread=", nil, &page); err != nil {
		return err
	}
	for _, x := range page.Posts {
		if x.Card == nil {
			continue
		}
		if raw, err := json.Marshal(x.Card); err != nil || !strings.Contains(string(raw), mark) {
			continue
		}
		for _, button := range x.Card.Buttons {
			if button.Label != "Approve" {
				continue
			}
			key := fmt.Sprintf("cara-%08d", p.next.Add(1))
			if err := b.ask("POST", at+"/api/press", map[string]any{"key": key, "channel": x.Channel, "id": x.ID, "token": button.Command}, nil); err != nil {
				return err
			}
			p.mu.Lock()
			p.pressed[key] = true
			p.mu.Unlock()
			return nil
		}
		return nil // decided already
	}
	return errors.New("the card is not there yet")
}

// signIn signs her in once; every replica knows the session afterwards.
func (b *caraBrowser) signIn(p *crowd, at, code string) error {
	if b.token != "" {
		return nil
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	b.client = &http.Client{Jar: jar, Timeout: 5 * time.Second}
	res, err := b.client.Post(at+"/in/"+code, "application/x-www-form-urlencoded", nil)
	if err != nil {
		return err
	}
	_ = res.Body.Close()
	p.d.used(code)
	var st consoleState
	if err := b.ask("GET", at+"/api/state", nil, &st); err != nil {
		return err
	}
	b.token = st.Token
	return nil
}

// ask makes one request and reads its JSON.
func (b *caraBrowser) ask(method, u string, body, into any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequest(method, u, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	req.Header.Set("X-Desk-Token", b.token)
	res, err := b.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if raw, err = io.ReadAll(res.Body); err != nil {
		return err
	}
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s: %s", method, u, res.Status, raw)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(raw, into)
}
