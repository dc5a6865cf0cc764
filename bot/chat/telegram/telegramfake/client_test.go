package telegramfake_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"

	"helloworld/bot/chat/telegram/telegramfake"
)

// TestAnotherClient drives the fake by the library's own client, which the
// adapter does not use.
func TestAnotherClient(t *testing.T) {
	t.Parallel()
	s := start(t, telegramfake.Options{NoLimits: true})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	got := make(chan *models.Update, 10)
	b, err := bot.New(s.Token(), bot.WithServerURL(s.URL()), bot.WithHTTPClient(5*time.Second, &http.Client{Timeout: 10 * time.Second}),
		bot.WithErrorsHandler(func(error) {}),
		bot.WithDefaultHandler(func(_ context.Context, _ *bot.Bot, u *models.Update) { got <- u }))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); b.Start(ctx) }()
	s.Say(anna, group, "/help 退款", 0)
	u := <-got
	if u.Message == nil || u.Message.Text != "/help 退款" || u.Message.From.ID != 7 || len(u.Message.Entities) != 1 {
		t.Errorf("the client hears %+v", u.Message)
	}
	m, err := b.SendMessage(ctx, &bot.SendMessageParams{ChatID: group, Text: "<b>hi</b>", ParseMode: models.ParseModeHTML,
		ReplyParameters: &models.ReplyParameters{MessageID: u.Message.ID},
		ReplyMarkup:     &models.InlineKeyboardMarkup{InlineKeyboard: [][]models.InlineKeyboardButton{{{Text: "B", CallbackData: "d"}}}}})
	if err != nil || m.Text != "hi" || m.ReplyToMessage == nil || m.ReplyToMessage.ID != u.Message.ID {
		t.Fatalf("%+v, %v", m, err)
	}
	if _, err := s.Press(anna, group, m.ID, "B"); err != nil {
		t.Fatal(err)
	}
	u = <-got
	if u.CallbackQuery == nil || u.CallbackQuery.Data != "d" || u.CallbackQuery.Message.Message == nil {
		t.Fatalf("the client hears %+v", u)
	}
	if ok, err := b.AnswerCallbackQuery(ctx, &bot.AnswerCallbackQueryParams{CallbackQueryID: u.CallbackQuery.ID, Text: "yes"}); err != nil || !ok {
		t.Error(err)
	}
	if _, err := b.EditMessageText(ctx, &bot.EditMessageTextParams{ChatID: group, MessageID: m.ID, Text: "bye"}); err != nil {
		t.Error(err)
	}
	if _, err := b.SendPhoto(ctx, &bot.SendPhotoParams{ChatID: group, Photo: &models.InputFileUpload{Filename: "a.jpg", Data: strings.NewReader("jpg")}, Caption: "c"}); err != nil {
		t.Error(err)
	}
	doc, err := b.SendDocument(ctx, &bot.SendDocumentParams{ChatID: group, Document: &models.InputFileUpload{Filename: "a.csv", Data: strings.NewReader("a,b")}})
	if err != nil || doc.Document == nil {
		t.Fatal(err)
	}
	f, err := b.GetFile(ctx, &bot.GetFileParams{FileID: doc.Document.FileID})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Get(b.FileDownloadLink(f))
	if err != nil {
		t.Fatal(err)
	}
	data, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if string(data) != "a,b" {
		t.Errorf("the file is %q", data)
	}
	if _, err := b.SetMyCommands(ctx, &bot.SetMyCommandsParams{Commands: []models.BotCommand{{Command: "help", Description: "Help"}}, Scope: &models.BotCommandScopeDefault{}}); err != nil {
		t.Error(err)
	}
	if cs, err := b.GetMyCommands(ctx, &bot.GetMyCommandsParams{}); err != nil || len(cs) != 1 {
		t.Errorf("%v, %v", cs, err)
	}
	if _, err := b.GetChat(ctx, &bot.GetChatParams{ChatID: group}); err != nil {
		t.Error(err)
	}
	cancel()
	<-done
	if n := len(s.CallbackAnswers()); n != 1 {
		t.Errorf("%d answers", n)
	}
}

func FuzzServer(f *testing.F) {
	f.Add("sendMessage", `{"chat_id":-1001234567890,"text":"<b>x</b>","parse_mode":"HTML"}`)
	f.Add("sendMessage", `{"chat_id":-1001234567890,"text":"&#x110000;&#0;<a href='tg://user?id=9'>x</a>","parse_mode":"HTML"}`)
	f.Add("editMessageText", `{"chat_id":-1001234567890,"message_id":1,"text":"y","reply_markup":{"inline_keyboard":[[{}]]}}`)
	f.Add("getUpdates", `{"offset":-5,"limit":0,"allowed_updates":["message"]}`)
	f.Add("setMyCommands", `{"commands":[{"command":"a","description":""}],"scope":[]}`)
	s := telegramfake.New(telegramfake.Options{NoLimits: true})
	s.AddGroup(group, "G", true)
	s.Say(anna, group, "x", 0)
	f.Fuzz(func(t *testing.T, method, body string) {
		if strings.EqualFold(method, "getUpdates") && strings.Contains(body, "timeout") {
			t.Skip("it would wait")
		}
		u := url.URL{Path: "/bot" + s.Token() + "/" + method}
		r, err := http.NewRequest(http.MethodPost, u.String(), strings.NewReader(body))
		if err != nil {
			t.Skip("no address")
		}
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") && !json.Valid(w.Body.Bytes()) {
			t.Fatalf("answered %q", w.Body)
		}
	})
}
