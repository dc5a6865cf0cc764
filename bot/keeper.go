package bot

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	"helloworld/bot/chat"
	"helloworld/bot/store"
	"helloworld/connectors"
)

// Keeper keeps shops' credentials, sealed. It fills [connectors.Keeper].
type Keeper struct {
	DB   *store.DB
	Seal *store.Sealer
}

var _ connectors.Keeper = Keeper{}

func about(storeID string) string { return "credential " + storeID }

// Load reads a store's credential.
func (k Keeper) Load(ctx context.Context, storeID string) (connectors.Credential, bool, error) {
	var c connectors.Credential
	var sealed string
	err := k.DB.Read(ctx, func(tx *store.Tx) error {
		return tx.Row(`SELECT sealed FROM credential WHERE store = ?`, storeID).Scan(&sealed)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return c, false, nil
	}
	if err != nil {
		return c, false, err
	}
	raw, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil {
		return c, false, fmt.Errorf("bot: the kept credential of %s is damaged: %w", storeID, err)
	}
	plain, err := k.Seal.Open(raw, about(storeID))
	if err != nil {
		return c, false, fmt.Errorf("bot: the kept credential of %s cannot be opened: %w", storeID, err)
	}
	return c, true, json.Unmarshal(plain, &c)
}

// Save writes a store's credential down.
func (k Keeper) Save(ctx context.Context, storeID string, c connectors.Credential) error {
	plain, err := json.Marshal(c)
	if err != nil {
		return err
	}
	sealed, err := k.Seal.Seal(plain, about(storeID))
	if err != nil {
		return err
	}
	return k.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO credential(store, sealed, updated) VALUES (?, ?, ?)
			ON CONFLICT (store) DO UPDATE SET sealed = excluded.sealed, updated = excluded.updated`,
			storeID, base64.StdEncoding.EncodeToString(sealed), tx.Now())
		return err
	})
}

// Dialogues keeps half-filled forms for a chat that asks step by step. They are
// sealed: somebody may have answered with a secret.
type Dialogues struct {
	DB   *store.DB
	Seal *store.Sealer
}

// Load reads one.
func (k Dialogues) Load(ctx context.Context, key string) ([]byte, bool, error) {
	var body string
	err := k.DB.Read(ctx, func(tx *store.Tx) error {
		return tx.Row(`SELECT body FROM dialogue WHERE key = ?`, key).Scan(&body)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil || strings.HasPrefix(body, "{") { // from before they were sealed
		return []byte(body), err == nil, err
	}
	raw, err := base64.StdEncoding.DecodeString(body)
	if err != nil {
		return nil, false, fmt.Errorf("bot: a half-filled form is damaged: %w", err)
	}
	value, err := k.Seal.Open(raw, "form "+key)
	if errors.Is(err, store.ErrOtherKey) {
		return nil, false, nil // it has to be filled in anew
	}
	return value, err == nil, err
}

// Save writes one down.
func (k Dialogues) Save(ctx context.Context, key string, value []byte) error {
	sealed, err := k.Seal.Seal(value, "form "+key)
	if err != nil {
		return err
	}
	body := base64.StdEncoding.EncodeToString(sealed)
	return k.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO dialogue(key, body, at) VALUES (?, ?, ?)
			ON CONFLICT (key) DO UPDATE SET body = excluded.body, at = excluded.at`, key, body, tx.Now())
		return err
	})
}

// Delete forgets one.
func (k Dialogues) Delete(ctx context.Context, key string) error {
	return k.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`DELETE FROM dialogue WHERE key = ?`, key)
		return err
	})
}

// Roots tells which card a message belongs to, for a chat whose replies name
// only the message before.
type Roots struct {
	DB   *store.DB
	Chat string
}

// Root is the first message of the thread that a message of the desk stands in.
func (k Roots) Root(channel, message string) (string, bool) {
	var place string
	err := k.DB.Read(context.Background(), func(tx *store.Tx) error {
		return tx.Row(`SELECT place FROM shown WHERE chat = ? AND channel = ? AND root = ? ORDER BY at LIMIT 1`, k.Chat, channel, message).Scan(&place)
	})
	if err != nil {
		return "", false
	}
	var at struct {
		Thread string `json:"thread"`
	}
	if err := json.Unmarshal([]byte(place), &at); err != nil {
		return "", false
	}
	if at.Thread == "" {
		at.Thread = message
	}
	return at.Thread, true
}

// sealedEvent is an event whose secret answers may be written down. Without a
// sealer they are dropped.
func (d *Desk) sealedEvent(e chat.Event) (chat.Event, error) {
	if e.Kind == chat.Said || e.Kind == chat.Edited {
		e.Text = chat.Hush(e.Text)
		return e, nil
	}
	var values map[string]string
	for name, value := range e.Values {
		if !chat.Secret(name) {
			continue
		}
		if values == nil {
			values = maps.Clone(e.Values)
		}
		values[name] = ""
		if d.Seal == nil {
			continue
		}
		sealed, err := d.Seal.Seal([]byte(value), aboutAnswer(e, name))
		if err != nil {
			return e, fmt.Errorf("bot: seal an answer: %w", err)
		}
		values[name] = base64.StdEncoding.EncodeToString(sealed)
	}
	if values != nil {
		e.Values = values
	}
	return e, nil
}

// Answer is what somebody filled in under a name: opened, if it is a secret.
func (d *Desk) Answer(e chat.Event, name string) (string, error) {
	value := e.Values[name]
	if !chat.Secret(name) || value == "" {
		return value, nil
	}
	raw, err := base64.StdEncoding.DecodeString(value)
	if err != nil || d.Seal == nil {
		return "", errors.New("bot: a sealed answer is damaged")
	}
	plain, err := d.Seal.Open(raw, aboutAnswer(e, name))
	if err != nil {
		return "", fmt.Errorf("bot: a sealed answer cannot be opened: %w", err)
	}
	return string(plain), nil
}

func aboutAnswer(e chat.Event, name string) string {
	return "answer " + e.Place.Chat + "/" + e.Key + "/" + name
}
