package telegram

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"

	"helloworld/bot/chat"
)

// alertFrom is the length from which a pop-up waits to be closed.
const alertFrom = 60

// target is where exactly a message goes.
type target struct {
	chatID  int64
	topic   int
	replyTo int
	// only is the one member who sees it; the server must know such messages.
	only int64
}

func (g target) reply() *models.ReplyParameters {
	if g.replyTo == 0 {
		return nil
	}
	return &models.ReplyParameters{MessageID: g.replyTo, AllowSendingWithoutReply: true}
}

func (g target) ephemeral() *models.EphemeralMessageParameters {
	if g.only == 0 {
		return nil
	}
	return &models.EphemeralMessageParameters{ReceiverUserID: g.only}
}

func noPreview() *models.LinkPreviewOptions {
	off := true
	return &models.LinkPreviewOptions{IsDisabled: &off}
}

// Post says c at to.
func (t *Transport) Post(ctx context.Context, to chat.Place, c chat.Card) (chat.Ref, error) {
	ref, err := t.post(ctx, to, c)
	if err == nil && c.Key != "" && to.Only == "" { // private answers are never looked for
		t.posted.put(postKey(to, c), ref)
	}
	return ref, err
}

func (t *Transport) post(ctx context.Context, to chat.Place, c chat.Card) (chat.Ref, error) {
	chatID, topic, err := channel(to.Channel)
	if err != nil {
		return chat.Ref{}, err
	}
	if to.Only != "" && to.Only != to.Channel {
		return t.whisper(ctx, to, chatID, topic, c)
	}
	if id, ok := strings.CutPrefix(to.Answering, "cb:"); ok {
		t.answers.release(id)
	}
	g := target{chatID: chatID, topic: topic}
	if to.Thread != "" {
		if g.replyTo, err = strconv.Atoi(to.Thread); err != nil {
			return chat.Ref{}, &chat.Error{Kind: chat.Rejected, Code: "thread", Err: fmt.Errorf("%q is not a message's id", to.Thread)}
		}
	}
	m, err := t.send(ctx, g, c)
	if err != nil {
		return chat.Ref{}, err
	}
	at := to.Root()
	at.Thread, at.Only = to.Thread, to.Only
	return chat.Ref{Place: at, ID: strconv.Itoa(m.ID)}, nil
}

// whisper says c to one person in a group, by the best way there is.
func (t *Transport) whisper(ctx context.Context, to chat.Place, chatID int64, topic int, c chat.Card) (chat.Ref, error) {
	who, ok := number(to.Only)
	if !ok || who < 0 {
		return chat.Ref{}, &chat.Error{Kind: chat.Rejected, Code: "only", Err: fmt.Errorf("%q is not a person's id", to.Only)}
	}
	at := chat.Place{Chat: Name, Channel: to.Channel, Thread: to.Thread, Only: to.Only}
	pressed, press := strings.CutPrefix(to.Answering, "cb:")
	if press {
		text := chat.PlainText(c)
		whole := chat.UTF16.Len(text) <= toastLimit && len(c.Buttons) == 0 && len(render(c).images) == 0
		text = chat.Shorten(text, toastLimit, chat.UTF16)
		told, err := t.answers.tell(ctx, pressed, text, !whole || chat.UTF16.Len(text) > alertFrom)
		switch {
		case told && whole:
			return chat.Ref{Place: at, ID: to.Answering}, nil
		case err != nil && chat.KindOf(err) != chat.Expired && chat.KindOf(err) != chat.Rejected:
			return chat.Ref{}, err
		}
	}
	answered, _ := strconv.Atoi(strings.TrimPrefix(to.Answering, "msg:"))
	if !press && chatID < 0 && t.knowsEphemeral(ctx, chatID) {
		m, err := t.send(ctx, target{chatID: chatID, topic: topic, only: who}, c)
		switch {
		case err == nil && m.Ephemeral != 0:
			return chat.Ref{Place: at, ID: "e:" + strconv.Itoa(m.Ephemeral)}, nil
		case err == nil:
			// The server showed it to all. It is taken back, and not tried again.
			t.ephemera.Store(-1)
			t.log.Warn("this server shows private messages to everyone; they go to private chats from now on")
			if err := t.delete(ctx, chatID, m.ID); err != nil {
				return chat.Ref{}, err
			}
		case chat.KindOf(err) != chat.Rejected && chat.KindOf(err) != chat.Gone:
			return chat.Ref{}, err
		}
	}
	m, err := t.send(ctx, target{chatID: who}, c)
	if err == nil {
		return chat.Ref{Place: chat.Place{Chat: Name, Channel: to.Only, Only: to.Only}, ID: strconv.Itoa(m.ID)}, nil
	}
	if chat.KindOf(err) != chat.Gone {
		return chat.Ref{}, err
	}
	t.log.Info("a private answer goes to the group, since the person has no private chat with the bot", "account", to.Only)
	g := target{chatID: chatID, topic: topic, replyTo: answered}
	if root, err := strconv.Atoi(to.Thread); err == nil {
		if answered == 0 {
			g.replyTo = root
		}
	}
	if m, err = t.send(ctx, g, c); err != nil {
		return chat.Ref{}, err
	}
	at.Only = ""
	return chat.Ref{Place: at, ID: strconv.Itoa(m.ID)}, nil
}

// knowsEphemeral asks the server once whether it knows messages that one member
// sees, by a call that changes nothing: only such a server has the method.
func (t *Transport) knowsEphemeral(ctx context.Context, chatID int64) bool {
	if v := t.ephemera.Load(); v != 0 {
		return v > 0
	}
	err := t.api.call(ctx, "editEphemeralMessageText", bot.EditEphemeralMessageTextParams{
		ChatID: chatID, ReceiverUserID: t.myID(), EphemeralMessageID: 1, Text: "·"}, nil)
	var e *chat.Error
	switch {
	case err == nil, errors.As(err, &e) && e.Code == "404":
		t.ephemera.Store(-1) // no such method, or a server that says yes to anything
	case e != nil && e.Code == "400":
		t.ephemera.Store(1)
	}
	return t.ephemera.Load() > 0
}

func (t *Transport) delete(ctx context.Context, chatID int64, id int) error {
	return t.api.call(ctx, "deleteMessage", bot.DeleteMessageParams{ChatID: chatID, MessageID: id}, nil)
}

// send renders c and sends it: as a picture with a caption where there is one
// picture and little to read, else as a text with pictures under it.
func (t *Transport) send(ctx context.Context, g target, c chat.Card) (message, error) {
	r := render(c)
	if r.size() > messageLimit {
		return message{}, &chat.Error{Kind: chat.Rejected, Code: "too long", Err: fmt.Errorf("the card has %d letters, Telegram takes %d", r.size(), messageLimit)}
	}
	var m message
	var err error
	if len(r.images) == 1 && r.size() <= captionLimit {
		m, err = t.sendPhoto(ctx, g, r.images[0].File, r.html, r.markup())
		if err == nil {
			t.remember(g, m, true)
			return m, nil
		}
		if chat.KindOf(err) != chat.Rejected {
			return m, err
		}
		t.log.Warn("telegram does not take a picture; its name is shown instead", "err", err)
		return t.sendText(ctx, g, render(undrawn(c, t.words(c.Lang))))
	}
	if r.html == "" {
		r.html = "·"
	}
	if m, err = t.sendText(ctx, g, r); err != nil {
		return m, err
	}
	under := g
	under.replyTo = m.ID
	for _, p := range r.images {
		if g.only != 0 {
			under.replyTo = 0
		}
		pm, err := t.sendPhoto(ctx, under, p.File, "", nil)
		if err == nil {
			t.remember(under, pm, true)
			continue
		}
		// The card stands; whether a picture came too must not have it said twice.
		t.log.Warn("a picture did not come", "err", err)
		if chat.KindOf(err) == chat.Rejected {
			note := undrawn(chat.Card{Parts: []chat.Part{p}}, t.words(c.Lang))
			if _, err := t.sendText(ctx, under, render(note)); err != nil {
				t.log.Warn("nor did the word of it", "err", err)
			}
		}
	}
	return m, nil
}

// undrawn is c with pictures in words.
func undrawn(c chat.Card, w Phrases) chat.Card {
	parts := make([]chat.Part, 0, len(c.Parts))
	for _, p := range c.Parts {
		if p.Kind == chat.Image && p.File != nil {
			line := strings.TrimSpace(w.NoImage + " " + strings.TrimSpace(p.File.Name+" "+p.File.URL))
			if p.Text != "" {
				line = p.Text + "\n" + line
			}
			p = chat.Part{Kind: chat.Text, Label: p.Label, Text: line, Lang: p.Lang}
		}
		parts = append(parts, p)
	}
	c.Parts = parts
	return c
}

func (t *Transport) sendText(ctx context.Context, g target, r rendered) (message, error) {
	return t.sendHTML(ctx, g, r.html, r.markup())
}

func (t *Transport) sendHTML(ctx context.Context, g target, html string, markup models.ReplyMarkup) (message, error) {
	var m message
	err := t.api.call(ctx, "sendMessage", bot.SendMessageParams{
		ChatID: g.chatID, MessageThreadID: g.topic, Text: html, ParseMode: models.ParseModeHTML,
		LinkPreviewOptions: noPreview(), ReplyParameters: g.reply(), ReplyMarkup: markup,
		EphemeralMessageParameters: g.ephemeral()}, &m)
	if err == nil {
		t.remember(g, m, false)
	}
	return m, err
}

func (t *Transport) sendPhoto(ctx context.Context, g target, f *chat.File, html string, markup models.ReplyMarkup) (message, error) {
	params := bot.SendPhotoParams{
		ChatID: g.chatID, MessageThreadID: g.topic, Caption: html, ParseMode: models.ParseModeHTML,
		ReplyParameters: g.reply(), ReplyMarkup: markup, EphemeralMessageParameters: g.ephemeral()}
	var m message
	if len(f.Data) > 0 {
		name := f.Name
		if name == "" {
			name = "photo.jpg"
		}
		return m, t.api.callWith(ctx, "sendPhoto", params, upload{field: "photo", name: name, data: f.Data}, &m)
	}
	where := f.URL
	if where == "" || !reachable(where) {
		where = f.ID
	}
	params.Photo = &models.InputFileString{Data: where}
	return m, t.api.call(ctx, "sendPhoto", params, &m)
}

// remember keeps what was posted: its thread, its kind, and that its outcome
// is known.
func (t *Transport) remember(g target, m message, photo bool) {
	if m.ID == 0 || m.Ephemeral != 0 {
		return
	}
	at := place{g.chatID, m.ID}
	t.settled.put(at, true)
	root := m.ID
	if g.replyTo != 0 {
		root = t.root(g.chatID, g.replyTo, channelOf(g.chatID, g.topic))
	}
	t.roots.put(at, root)
	if photo {
		t.photos.put(at, true)
	}
	if shared(g.chatID) {
		t.saw(int64(m.ID))
	}
}

// Edit changes the card at ref.
func (t *Transport) Edit(ctx context.Context, ref chat.Ref, c chat.Card) error {
	chatID, _, err := channel(ref.Channel)
	if err != nil {
		return err
	}
	if s, ok := strings.CutPrefix(ref.ID, "e:"); ok {
		return t.editEphemeral(ctx, chatID, ref.Only, s, c)
	}
	id, err := strconv.Atoi(ref.ID)
	if err != nil {
		// The pop-up after a press: it is closed by now.
		return &chat.Error{Kind: chat.Gone, Code: "pop-up", Err: errors.New("a pop-up cannot be changed")}
	}
	err = t.change(ctx, place{chatID, id}, c)
	if notModified(err) {
		return nil
	}
	return err
}

// change edits a text, or a picture's caption, whichever it is.
func (t *Transport) change(ctx context.Context, at place, c chat.Card) error {
	photo, known := t.photos.get(at)
	err := t.changeAs(ctx, at, c, photo)
	switch {
	case known:
	case says(err, "there is no text in the message"):
		if err = t.changeAs(ctx, at, c, true); err == nil || notModified(err) {
			t.photos.put(at, true)
		}
	}
	return err
}

func (t *Transport) changeAs(ctx context.Context, at place, c chat.Card, photo bool) error {
	if photo {
		r := caption(c)
		if whole := render(c); whole.plain != r.plain {
			t.log.Warn("a caption is shortened, since a picture has less room than a text", "letters", whole.size())
		}
		return t.api.call(ctx, "editMessageCaption", bot.EditMessageCaptionParams{ChatID: at.chat, MessageID: at.id,
			Caption: r.html, ParseMode: models.ParseModeHTML, ReplyMarkup: r.markup()}, nil)
	}
	r := render(c)
	if r.html == "" {
		r.html = "·"
	}
	return t.api.call(ctx, "editMessageText", bot.EditMessageTextParams{ChatID: at.chat, MessageID: at.id,
		Text: r.html, ParseMode: models.ParseModeHTML, LinkPreviewOptions: noPreview(), ReplyMarkup: r.markup()}, nil)
}

func (t *Transport) editEphemeral(ctx context.Context, chatID int64, only, s string, c chat.Card) error {
	id, err := strconv.Atoi(s)
	who, ok := number(only)
	if err != nil || !ok {
		return &chat.Error{Kind: chat.Gone, Code: "ref", Err: fmt.Errorf("%q names no message", "e:"+s)}
	}
	r := render(c)
	params := bot.EditEphemeralMessageTextParams{ChatID: chatID, ReceiverUserID: who, EphemeralMessageID: id,
		Text: r.html, ParseMode: models.ParseModeHTML, LinkPreviewOptions: noPreview()}
	if len(r.rows) > 0 {
		params.ReplyMarkup = &models.InlineKeyboardMarkup{InlineKeyboard: r.rows}
	}
	err = t.api.call(ctx, "editEphemeralMessageText", params, nil)
	if notModified(err) {
		return nil
	}
	return err
}
