package telegram

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"helloworld/bot/chat"
)

// How far a search goes: so many numbers without a message in a row are the end
// of the conversation, and more probes than that cost more than they tell.
const (
	endOfChat  = 20
	mostProbes = 200
)

// Find looks for the card that Post may have posted. See the package's # Why.
func (t *Transport) Find(ctx context.Context, at chat.Place, after chat.Ref, c chat.Card) (chat.Ref, bool, error) {
	chatID, _, err := channel(at.Channel)
	if err != nil {
		return chat.Ref{}, false, err
	}
	if ref, ok := t.posted.get(postKey(at, c)); ok && c.Key != "" {
		return ref, true, nil
	}
	unsure := func(format string, a ...any) (chat.Ref, bool, error) {
		return chat.Ref{}, false, &chat.Error{Kind: chat.Unsure, Code: "find", Err: fmt.Errorf(format, a...)}
	}
	if at.Only != "" && at.Only != at.Channel {
		return unsure("a private answer may have gone several ways")
	}
	start, err := strconv.Atoi(after.ID)
	if err != nil || start <= 0 || after.Root() != at.Root() {
		return unsure("no message to look after")
	}
	known, _ := t.settled.get(place{chatID, start})
	certain := !shared(chatID) || known
	end := start
	if shared(chatID) {
		end = max(end, int(t.newest.Load()))
	}
	progress := at.Key() + "\x00" + c.Key
	id, missing := start+1, 0
	if next, ok := t.probed.get(progress); ok && next > id {
		id = next
	}
	photo := len(render(c).images) == 1 && render(c).size() <= captionLimit
	for probes := 0; missing < endOfChat; id++ {
		if other, _ := t.settled.get(place{chatID, id}); other {
			missing = 0
			continue
		}
		if probes++; probes > mostProbes {
			t.probed.put(progress, id)
			return unsure("not among the %d messages after %d", mostProbes, start)
		}
		err := t.changeAs(ctx, place{chatID, id}, c, photo)
		var e *chat.Error
		switch {
		case err == nil || notModified(err):
			m := message{ID: id}
			t.remember(target{chatID: chatID}, m, photo)
			if root, err := strconv.Atoi(at.Thread); err == nil {
				t.roots.put(place{chatID, id}, root)
			}
			ref := chat.Ref{Place: at.Root(), ID: strconv.Itoa(id)}
			ref.Thread, ref.Only = at.Thread, at.Only
			t.posted.put(postKey(at, c), ref)
			t.probed.drop(progress)
			return ref, true, nil
		case says(err, "message to edit not found", "message_id_invalid"):
			if id > end {
				missing++
			}
		case says(err, "message can't be edited", "there is no text in the message", "there is no caption in the message",
			"message is not editable", "inline keyboard expected"):
			missing = 0
		default:
			if errors.As(err, &e) && e.Kind == chat.Busy {
				t.probed.put(progress, id) // goes on from here the next time
			}
			return chat.Ref{}, false, err
		}
	}
	t.probed.drop(progress)
	if !certain {
		return unsure("not found after %d, but the numbers may have gone further", start)
	}
	return chat.Ref{}, false, nil
}

func postKey(at chat.Place, c chat.Card) string { return at.Key() + "\x00" + at.Only + "\x00" + c.Key }
