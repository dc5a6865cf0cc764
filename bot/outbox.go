package bot

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"helloworld/bot/chat"
	"helloworld/bot/jobs"
	"helloworld/bot/store"
)

// shortWait is a wait that a worker sits out rather than giving the job back.
const shortWait = 60 * time.Millisecond

// post says a card once.
func (d *Desk) post(ctx context.Context, j jobs.Job[PostArgs]) error {
	t, ok := d.chats[j.Args.Place.Chat]
	if !ok {
		return jobs.Snooze(time.Minute) // configured away for now; it is kept
	}
	// Only an attempt that left something in doubt is counted.
	fresh := j.Attempt == 1
	to, card, err := d.toPost(ctx, j)
	if err != nil {
		return err
	}
	limits := t.Limits(to)
	if err := d.turn(ctx, to, limits, limits.Every); err != nil {
		return err
	}
	refs, stood, err := d.postPages(ctx, t, to, card, limits, j, fresh)
	if err != nil {
		return err
	}
	return d.DB.Write(ctx, func(tx *store.Tx) error { return d.posted(tx, j, to, refs, stood) })
}

// toPost is the place and card of a post, drawn from state where it is a matter's.
func (d *Desk) toPost(ctx context.Context, j jobs.Job[PostArgs]) (chat.Place, chat.Card, error) {
	if j.Args.Card != nil {
		return d.whereNow(j.Args.Place), *j.Args.Card, nil
	}
	to := d.whereNow(j.Args.Place)
	var card chat.Card
	err := d.DB.Write(ctx, func(tx *store.Tx) error {
		var matter, lang string
		var err error
		if err = tx.Row(`SELECT matter, lang FROM shown WHERE id = ?`, j.Args.Shown).Scan(&matter, &lang); err != nil {
			return err
		}
		var want int64
		if err = tx.Row(`UPDATE shown SET have = want WHERE id = ? RETURNING want`, j.Args.Shown).Scan(&want); err != nil {
			return err
		}
		card, err = d.draw(tx, matter, lang)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return to, card, jobs.Cancel(fmt.Errorf("bot: nothing is shown under %s", j.Args.Shown))
	}
	card.Key = j.Args.Shown
	return to, card, err
}

// postPages posts what fits of a card, and the rest below it. A job that is not
// fresh looks for each page first. stood: some of it was there already, as it
// was drawn then.
func (d *Desk) postPages(ctx context.Context, t chat.Transport, to chat.Place, card chat.Card, limits chat.Limits, j jobs.Job[PostArgs], fresh bool) (refs []chat.Ref, stood bool, _ error) {
	finder, canFind := t.(chat.Finder)
	look := !fresh && canFind && to.Only == ""
	var after chat.Ref
	if look {
		var err error
		if after, err = d.lastSaid(ctx, to, j.Args.After); err != nil {
			return nil, false, err
		}
	}
	for i, page := range chat.Fit(card, limits) {
		at := to
		if i > 0 && limits.Threads && to.Only == "" {
			at = refs[0].In()
		}
		if look {
			ref, found, err := finder.Find(ctx, at, after, page)
			switch {
			case found:
				d.Log.InfoContext(ctx, "a card stood already and is not said again", "chat", at.Chat, "channel", at.Channel, "card", page.Key)
				refs, after, stood = append(refs, ref), ref, true
				continue
			case err != nil && chat.KindOf(err) == chat.Unsure:
				// The network cannot tell. Not to be heard is worse than to be heard twice.
				d.Log.WarnContext(ctx, "cannot tell whether a card was posted; posting it", "chat", at.Chat, "channel", at.Channel, "err", err)
			case err != nil:
				return nil, false, d.postFailed(ctx, at, err, j, i > 0)
			}
		}
		ref, err := t.Post(ctx, at, page)
		if err != nil {
			return nil, false, d.postFailed(ctx, at, err, j, i > 0)
		}
		refs, after = append(refs, ref), ref
	}
	return refs, stood, nil
}

// postFailed decides what a failed post means. begun: a page of it stands
// already, so that the next attempt has to look.
func (d *Desk) postFailed(ctx context.Context, at chat.Place, err error, j jobs.Job[PostArgs], begun bool) error {
	again := func(wait time.Duration) error {
		if begun {
			return jobs.RetryIn(wait, err)
		}
		return jobs.Snooze(wait)
	}
	var ce *chat.Error
	_ = errors.As(err, &ce)
	switch chat.KindOf(err) {
	case chat.Busy:
		wait := time.Second
		if ce != nil && ce.RetryAfter > 0 {
			wait = ce.RetryAfter
		}
		d.pace.pause(at, wait)
		return again(wait)
	case chat.Down:
		return again(d.later(j.Created))
	case chat.Denied:
		d.Log.ErrorContext(ctx, "the chat refuses the desk; posts wait", "chat", at.Chat, "err", err)
		return again(time.Minute)
	case chat.Gone:
		if ce != nil && ce.Moved != "" {
			return d.follow(ctx, at, ce.Moved)
		}
		return jobs.Cancel(fmt.Errorf("bot: post at %s: %w", at.Key(), err))
	case chat.Rejected:
		return jobs.Cancel(fmt.Errorf("bot: post at %s: %w", at.Key(), err))
	case chat.Expired:
		// The handle ran out: say it without.
		if at.Answering != "" {
			return d.withoutHandle(ctx, j)
		}
		return jobs.Cancel(err)
	default:
		if at.Only != "" && j.Attempt >= 3 {
			// A private answer cannot be looked up; it was tried three times.
			return jobs.Cancel(err)
		}
		d.Log.WarnContext(ctx, "a post's outcome is unknown; it will be looked up", "chat", at.Chat, "err", err)
		return jobs.RetryIn(d.later(j.Created), err)
	}
}

// withoutHandle replaces a post by one that does not use the expired handle.
func (d *Desk) withoutHandle(ctx context.Context, j jobs.Job[PostArgs]) error {
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		if err := j.Done(tx); err != nil {
			return err
		}
		a := j.Args
		a.Place.Answering = ""
		return jobs.Add(tx, a, d.out(a.Place, "")...)
	})
}

// turn waits for the right to post, if it comes soon; otherwise the job is to
// come back for it.
func (d *Desk) turn(ctx context.Context, at chat.Place, l chat.Limits, every time.Duration) error {
	wait, ok := d.pace.take(at, l, every, shortWait)
	if !ok {
		return jobs.Snooze(wait)
	}
	if wait > 0 && !sleep(ctx, wait) {
		return jobs.Snooze(0)
	}
	return nil
}

// later is how long to wait before trying again what began at a time: a quarter
// of its age, between a quarter of a second and half a minute.
func (d *Desk) later(began time.Time) time.Duration {
	return min(max(d.Now().Sub(began)/4, 250*time.Millisecond), 30*time.Second)
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// posted writes down that and where a card stands. One that stood already may
// show what was when it was posted, and is drawn again.
func (d *Desk) posted(tx *store.Tx, j jobs.Job[PostArgs], to chat.Place, refs []chat.Ref, stood bool) error {
	if err := j.Done(tx); err != nil {
		return err
	}
	if to.Only != "" || len(refs) == 0 {
		return nil
	}
	last := refs[len(refs)-1]
	if _, err := tx.Exec(`INSERT INTO said(chat, channel, last) VALUES (?, ?, ?)
		ON CONFLICT (chat, channel) DO UPDATE SET last = excluded.last`, to.Chat, to.Channel, last.ID); err != nil {
		return err
	}
	if j.Args.Shown == "" {
		return nil
	}
	body, err := json.Marshal(refs)
	if err != nil {
		return err
	}
	more := 0
	if stood {
		more = 1
	}
	var want, have int64
	if err := tx.Row(`UPDATE shown SET refs = ?, root = ?, want = want + ? WHERE id = ? RETURNING want, have`, string(body), refs[0].ID, more, j.Args.Shown).
		Scan(&want, &have); err != nil {
		return err
	}
	if want == have {
		return nil
	}
	return redraw(tx, j.Args.Shown, to)
}

// lastSaid is the last post known to have worked at a place.
func (d *Desk) lastSaid(ctx context.Context, at chat.Place, after chat.Ref) (chat.Ref, error) {
	if at.Only != "" {
		return after, nil
	}
	ref := after
	err := d.DB.Read(ctx, func(tx *store.Tx) error {
		var last string
		err := tx.Row(`SELECT last FROM said WHERE chat = ? AND channel = ?`, at.Chat, at.Channel).Scan(&last)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		ref = chat.Ref{Place: at.Root(), ID: last}
		return err
	})
	if ref.ID == "" || ref.Channel != at.Channel {
		ref = chat.Ref{}
	}
	return ref, err
}

// edit draws a card again until what stands is what is wanted.
func (d *Desk) edit(ctx context.Context, j jobs.Job[EditArgs]) error {
	var matter, lang, refsJSON, placeJSON string
	var want, have int64
	err := d.DB.Read(ctx, func(tx *store.Tx) error {
		return tx.Row(`SELECT matter, lang, refs, place, want, have FROM shown WHERE id = ?`, j.Args.Shown).
			Scan(&matter, &lang, &refsJSON, &placeJSON, &want, &have)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	if refsJSON == "" {
		return nil // its post is still to come, and will draw the newest state
	}
	var refs []chat.Ref
	var place chat.Place
	if err := errors.Join(json.Unmarshal([]byte(refsJSON), &refs), json.Unmarshal([]byte(placeJSON), &place)); err != nil {
		return jobs.Cancel(err)
	}
	t, ok := d.chats[place.Chat]
	if !ok {
		return jobs.Snooze(time.Minute)
	}
	editor, can := t.(chat.Editor)
	if !can || want <= have {
		return d.edited(ctx, j, want)
	}
	limits := t.Limits(place)
	one := chat.Place{Chat: place.Chat, Channel: place.Channel + "\x00" + refs[0].ID}
	if err := d.turn(ctx, one, chat.Limits{Overall: limits.Overall}, limits.EditEvery); err != nil {
		return err
	}
	var card chat.Card
	if err := d.DB.Write(ctx, func(tx *store.Tx) error {
		if err := tx.Row(`SELECT want FROM shown WHERE id = ?`, j.Args.Shown).Scan(&want); err != nil {
			return err
		}
		var err error
		card, err = d.draw(tx, matter, lang)
		return err
	}); err != nil {
		return err
	}
	pages := chat.Fit(card, limits)
	for i, ref := range refs {
		page := chat.Card{Foot: "…", Lang: card.Lang} // a page that is not needed any more
		if i < len(pages) {
			page = pages[i]
		}
		if err := editor.Edit(ctx, ref, page); err != nil {
			return d.editFailed(ctx, place, err, j, want)
		}
	}
	return d.edited(ctx, j, want)
}

// editFailed decides what a failed edit means. Editing twice does no harm, so
// an unknown outcome is tried again.
func (d *Desk) editFailed(ctx context.Context, at chat.Place, err error, j jobs.Job[EditArgs], want int64) error {
	var ce *chat.Error
	_ = errors.As(err, &ce)
	switch chat.KindOf(err) {
	case chat.Gone, chat.Rejected, chat.Expired:
		d.Log.WarnContext(ctx, "a card cannot be repainted any more", "chat", at.Chat, "channel", at.Channel, "err", err)
		return d.edited(ctx, j, want)
	case chat.Busy:
		if ce != nil && ce.RetryAfter > 0 {
			return jobs.Snooze(ce.RetryAfter)
		}
		return jobs.Snooze(time.Second)
	case chat.Denied:
		return jobs.Snooze(time.Minute)
	default:
		return jobs.Snooze(d.later(j.Created))
	}
}

// edited writes down up to which wish the card is drawn; if there is a newer
// one, the job stays.
func (d *Desk) edited(ctx context.Context, j jobs.Job[EditArgs], drawn int64) error {
	again := false
	err := d.DB.Write(ctx, func(tx *store.Tx) error {
		var want int64
		if err := tx.Row(`UPDATE shown SET have = ? WHERE id = ? RETURNING want`, drawn, j.Args.Shown).Scan(&want); err != nil {
			return err
		}
		if again = want > drawn; again {
			return nil
		}
		return j.Done(tx)
	})
	if err == nil && again {
		return jobs.Snooze(time.Millisecond)
	}
	return err
}

// follow makes everything that was to be said in a group be said in the one it
// became. The job that found out is tried again at once.
func (d *Desk) follow(ctx context.Context, at chat.Place, to string) error {
	if err := d.DB.Write(ctx, func(tx *store.Tx) error { return d.MovedTo(tx, at.Chat, at.Channel, to) }); err != nil {
		return err
	}
	return jobs.Snooze(10 * time.Millisecond)
}

// MovedTo remembers that a channel has a new id.
func (d *Desk) MovedTo(tx *store.Tx, chatName, from, to string) error {
	if from == to || to == "" {
		return nil
	}
	_, err := tx.Exec(`INSERT INTO moved(chat, old, new) VALUES (?, ?, ?) ON CONFLICT (chat, old) DO UPDATE SET new = excluded.new`,
		chatName, from, to)
	tx.After(func() {
		d.Log.Info("a channel has moved", "chat", chatName, "from", from, "to", to)
		d.moved.Store(chatName+"\x00"+from, to)
	})
	return err
}

// whereNow is a place by its channel's newest id.
func (d *Desk) whereNow(p chat.Place) chat.Place {
	for range 5 { // a channel moves once in its life; five ends any circle
		to, ok := d.moved.Load(p.Chat + "\x00" + p.Channel)
		if !ok {
			break
		}
		p.Channel, p.Thread = to.(string), ""
	}
	return p
}

// loadMoved reads the channels that have moved.
func (d *Desk) loadMoved(ctx context.Context) error {
	return d.DB.Read(ctx, func(tx *store.Tx) error {
		rows, err := tx.Query(`SELECT chat, old, new FROM moved`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var name, from, to string
			if err := rows.Scan(&name, &from, &to); err != nil {
				return err
			}
			d.moved.Store(name+"\x00"+from, to)
		}
		return rows.Err()
	})
}
