package slack

import (
	"bytes"
	"encoding/json"
)

// decode reads a payload into a type of the library's. The library refuses it
// whole for one part that is not as it expects, be it a part that nobody here
// looks at; such a payload is read once more without those.
func decode[T any](payload json.RawMessage) (T, error) {
	var v T
	err := json.Unmarshal(payload, &v)
	if err == nil {
		return v, nil
	}
	var all any
	d := json.NewDecoder(bytes.NewReader(payload))
	d.UseNumber()
	if d.Decode(&all) != nil {
		return v, err
	}
	bare, again := json.Marshal(needed(all, 0))
	if again != nil {
		return v, err
	}
	var lean T
	if json.Unmarshal(bare, &lean) != nil {
		return v, err
	}
	return lean, nil
}

// used are the names of what is read of payloads, at any depth.
var used = map[string]bool{
	"type": true, "user": true, "channel": true, "id": true, "name": true, "username": true, "trigger_id": true, "response_url": true,
	"command": true, "text": true, "channel_id": true, "user_id": true, "user_name": true,
	"callback_id": true, "action_ts": true, "container": true, "message_ts": true, "is_ephemeral": true, "message": true, "ts": true,
	"thread_ts": true, "actions": true, "action_id": true, "block_id": true, "value": true, "view": true, "private_metadata": true,
	"state": true, "selected_option": true,
	"event": true, "authorizations": true, "is_bot": true, "subtype": true, "channel_type": true, "bot_id": true, "deleted_ts": true,
	"event_ts": true, "tab": true, "edited": true, "previous_message": true,
	"files": true, "mimetype": true, "size": true, "url_private": true, "url_private_download": true,
}

// needed keeps what is used. The answers of a form stand under names of our own,
// two deep; free is how many such names are still to come.
func needed(v any, free int) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, e := range v {
			switch {
			case free > 0:
				out[name] = needed(e, free-1)
			case name == "values":
				out[name] = needed(e, 2)
			case used[name]:
				out[name] = needed(e, 0)
			}
		}
		return out
	case []any:
		for i, e := range v {
			v[i] = needed(e, free)
		}
	}
	return v
}

// withoutCard leaves the blocks of the card that was pressed out of a payload:
// to read them takes ten times as long as all the rest, and the card is known.
func withoutCard(payload json.RawMessage) json.RawMessage {
	var all map[string]json.RawMessage
	var card struct {
		TS     string `json:"ts"`
		Thread string `json:"thread_ts,omitempty"`
	}
	if json.Unmarshal(payload, &all) != nil || json.Unmarshal(all["message"], &card) != nil {
		return payload
	}
	var err error
	if all["message"], err = json.Marshal(card); err != nil {
		return payload
	}
	out, err := json.Marshal(all)
	if err != nil {
		return payload
	}
	return out
}
