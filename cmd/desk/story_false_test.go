package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"helloworld/bot/store"
)

// trueLines are a story in which everything is so.
const trueLines = `
overhear
order 5001 50.00 EUR
count ebay-de refund
order 5002 20.00 EUR
buyer 5001 writes 'Der Artikel kam beschädigt an.'
posted shop 'Der Artikel kam beschädigt an.' once
say li under 'Der Artikel kam beschädigt an.' '退款将在 5 个工作日内到账。'
press li '核对并发送'
press li '核对无误，发送'
buyer 5001 got 'innerhalb von 5 Werktagen'
say anna '/refund 5001 20 damaged'
press ben 'Approve'
refunded 5001 20.00 EUR
posted leads 'Refunded 20.00 EUR' once
edited leads 'Refunded 20.00 EUR'
nobutton leads 'Refunded 20.00 EUR' 'Approve'
whispered ben 'R1 is approved'
say anna '/refund 5002 5 damaged'
button leads 'Refund 5.00 EUR' 'Approve'
say anna '/refund 5001'
form anna 'Refund ebay-de#5001'
audit ok
wait
`

// falseLines are not so at the end of it: each has to fail.
const falseLines = `
posted leads 'Refunded 20.01 EUR'
posted leads 'Refunded 20.00 EUR' 'denied'
posted leads 'R' once
posted nowhere 'Refunded'
posted slack:leads 'Refunded'
notposted leads 'Refunded 20.00 EUR'
edited leads 'Refund 5.00 EUR'
edited shop 'nothing'
button leads 'Refunded 20.00 EUR' 'Approve'
button leads 'Refund 5.00 EUR' 'Refuse'
nobutton leads 'Refund 5.00 EUR' 'Approve'
nobutton leads 'no such card' 'Approve'
whispered carla 'R1 is approved'
whispered ben 'R2 is approved'
notwhispered ben 'R1 is approved'
form anna 'Refund ebay-de#5002'
form ben 'Refund'
press ben 'Applaud'
press ben 'Approve' on 'Refunded 20.00 EUR'
press-kept ben nothing
tell ben in slack '/pin'
app CODE ben
unwritten 'R1 is approved'
fill ben amount=1
fill anna colour=red
capture X ben 'code ([0-9]+)'
signed-out ben
refunded 5001 20.00 EUR
refunded 5001 19.99 EUR
refunded 5002 5.00 EUR
refunded 9999 5.00 EUR
notrefunded 5001
buyer 5001 got nothing
buyer 5001 got 'innerhalb von 6 Werktagen'
buyer 5002 got 'innerhalb von 5 Werktagen'
buyer 5001 sings 'a song'
audit refund.denied
chat console down
edit li '退款将在' 'x'
delete li '退款将在'
consent ebay-de grant
reached ebay-de transactions
counted ebay-de refund 2
stocked ebay-de MUG-BLUE-2 999
counted ebay-de refund 0
mirrored 5001 unshipped
heard shopify-main orders/create 1
answered ebay-de ORDER_CONFIRMATION plain 401 1
quiet leads 'Refunded 20.00 EUR'
kept ebay-de orders 3
kept ebay-de orders 1
queued amazon-jp 9
service 17track paid 1Z999AA10123456784 0
service aftership down
overheard 'innerhalb von 6 Werktagen'
unheard 'innerhalb von 5 Werktagen'
called nowhere
forge nowhere 1
say nobody 'hello'
say anna in mail 'hello'
say anna '@nothing.txt'
say anna '$NOTHING'
enter ben http://127.0.0.1:1/in/nothing
dance anna
`

// TestStoriesCanFail: a story that tells what is not so is found out, by every
// verb that looks.
func TestStoriesCanFail(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	if err := s.play("true", trueLines); err != nil {
		s.fail(err)
	}
	s.patience = 150 * time.Millisecond
	tried := map[string]bool{}
	for line := range strings.Lines(falseLines) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		w, err := splitLine(line)
		if err != nil {
			t.Fatal(err)
		}
		tried[w[0]] = true
		if w, err = s.expand(w); err == nil {
			err = s.do(w[0], w[1:])
		}
		if err == nil {
			t.Errorf("this is not so, and was believed: %s", line)
		}
	}
	for name := range verbs {
		switch name {
		case "chats", "services", "engines", "engine", "words", "replies", "overhear", "votes", "refunds", "settle", "slow", "order", "orders", "late", "ship", "return", "shelf", "keep", "shop", "back-office", "wait", "waited", "settled", "read", "count", "due", "ends", "restart":
			continue // they act or wait, and say nothing about what is to be seen
		}
		if !tried[name] {
			t.Errorf("no false line tries %s", name)
		}
	}

	// What the story does not tell of is found at its end.
	refunds, messages := s.refunds, s.messages
	ends := func(what string, well bool) {
		t.Helper()
		if err := s.epilogue(); (err == nil) != well {
			t.Errorf("%s: %v", what, err)
		}
		s.refunds, s.messages = refunds, messages
	}
	ends("as it was told", true)
	s.refunds = nil
	ends("a refund that the story does not tell of", false)
	s.messages = nil
	ends("a message that the story does not tell of", false)
	if err := s.desk.db.Write(context.Background(), func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE audit SET who = 'somebody' WHERE n = 2`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	ends("a changed line of the audit log", false)
}
