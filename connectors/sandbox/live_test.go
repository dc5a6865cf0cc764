package sandbox

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestLiveBeginsAtOnceAndEnds(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { r.w.Live(ctx, time.Millisecond); close(done) }()
	deadline := time.After(20 * time.Second)
	for {
		_, got := r.call("ebay-de", "GET", ebayMsgURL+"/conversation?conversation_type=FROM_MEMBERS", "")
		if total := fmt.Sprint(at(got, "total")); total != "0" && total != "1" { // the first, and somebody after it
			break
		}
		select {
		case <-deadline:
			t.Fatal("nobody wrote")
		default:
		}
	}
	cancel()
	<-done
}

func TestGreetings(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Stores: append(DefaultStores(), StoreSpec{Name: "none", Platform: Shopify, Orders: -1})})
	m := r.mail()
	r.w.Live(t.Context(), 0)
	_, got := r.call("ebay-de", "GET", ebayMsgURL+"/conversation?conversation_type=FROM_MEMBERS", "")
	r.want(at(got, "conversations", 0, "latestMessage", "messageBody"), "Wo ist meine Bestellung "+r.famous("ebay-de").ID+"?", "German")
	in, _ := r.inbox(m, "amazon-jp", "INBOX")
	r.want(len(in) == 1 && in[0].text == "商品に不具合があるため、返金を希望します。", true, "Japanese")
	in, _ = r.inbox(m, "shopify-main", "INBOX")
	r.want(len(in) == 1 && in[0].text == "Item defective, request refund", true, "English")
}

// TestBuyersAnswer: after a reply some say thanks, some still wait, some fall
// silent; and what they say is what the phrase books know.
func TestBuyersAnswer(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Orders: 20})
	m := r.mail()
	o := r.famous("ebay-de")
	if err := r.w.Say(BuyerMessage{Store: "ebay-de", Order: "1234", Text: "Hallo"}); err != nil {
		t.Fatal(err)
	}
	_, talk := r.call("ebay-de", "GET", ebayMsgURL+"/conversation?conversation_type=FROM_MEMBERS", "")
	id := at(talk, "conversations", 0, "conversationId").(string)
	s := r.w.stores["ebay-de"]
	said := map[string]int{}
	for range 60 {
		r.clock.add(time.Second)
		r.call("ebay-de", "POST", ebayMsgURL+"/send_message", `{"conversationId":"`+id+`","messageText":"Guten Tag"}`)
		before := len(s.thread(id).messages)
		s.w.step()
		for _, x := range s.thread(id).messages[before:] {
			said[x.text]++
		}
	}
	if said[thanks["de"]] == 0 || said[fill(waiting["de"], o.ID)] == 0 || said[thanks["de"]] > 58 {
		t.Errorf("answers: %v", said)
	}
	mo := r.famous("amazon-jp")
	before, _ := r.inbox(m, "amazon-jp", "INBOX")
	for i := range 12 {
		if err := r.post(m, "amazon-jp", r.account("amazon-jp").Address, mo.Email, fmt.Sprintf("k%d@desk.example", i), "ご連絡ありがとうございます。"); err != nil {
			t.Fatal(err)
		}
		r.w.step()
	}
	after, _ := r.inbox(m, "amazon-jp", "INBOX")
	if !slices.ContainsFunc(after[len(before):], func(l letter) bool {
		return strings.Contains(l.replyTo, "@desk.example") && strings.HasPrefix(l.subject, "Re: Rückfrage")
	}) {
		t.Errorf("no mail answers ours: %+v", after[len(before):])
	}
}

// TestWhatBuyersSay: about five in six use the usual words, with their order's
// number filled in, and everything is said sooner or later.
func TestWhatBuyersSay(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Stores: []StoreSpec{{Name: "ebay-de", Platform: Ebay}}})
	for range 900 {
		r.w.step()
	}
	usual, other, photos, texts := 0, 0, 0, map[string]bool{}
	for _, th := range r.w.stores["ebay-de"].threads {
		for _, x := range th.messages {
			plain := strings.ReplaceAll(x.text, th.order.id, "{order}")
			if strings.Contains(x.text, "{order}") {
				t.Fatalf("the number is missing in %q", x.text)
			}
			texts[plain] = true
			if slices.Contains(phrases["de"], plain) {
				usual++
			} else if slices.Contains(free["de"], plain) {
				other++
			} else {
				t.Errorf("unknown words: %q", plain)
			}
			if x.photo > 0 {
				photos++
			}
		}
	}
	if usual+other != 900 || other < 100 || other > 200 || photos == 0 || len(texts) != len(phrases["de"])+len(free["de"]) {
		t.Errorf("%d usual, %d other, %d photos, %d different", usual, other, photos, len(texts))
	}
}
