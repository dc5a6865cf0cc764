package bot

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"helloworld/bot/store"
	"helloworld/connectors"
)

var _ connectors.Locker = Keeper{}

const (
	// lockLife is longer than a refresh may take: a lock that is older belongs to a
	// process that is gone.
	lockLife = 90 * time.Second
	// lockLook is how often a taken lock is looked at.
	lockLook = 100 * time.Millisecond
)

// Lock waits until nobody else, in this process or another, refreshes the store's
// credential. It is a row and not a lock of the database, so that both databases
// know it and no connection is held while the platform is asked.
func (k Keeper) Lock(ctx context.Context, storeID string) (unlock func(), err error) {
	owner := rand.Text()
	for {
		var got string
		err := k.DB.Write(ctx, func(tx *store.Tx) error {
			err := tx.Row(`INSERT INTO credential_lock(store, owner, until) VALUES (?, ?, ?)
				ON CONFLICT (store) DO UPDATE SET owner = excluded.owner, until = excluded.until WHERE credential_lock.until < ?
				RETURNING owner`, storeID, owner, tx.Now()+lockLife.Milliseconds(), tx.Now()).Scan(&got)
			if errors.Is(err, sql.ErrNoRows) {
				return nil
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("bot: locking the credential of %s: %w", storeID, err)
		}
		if got == owner {
			return func() { k.unlock(context.WithoutCancel(ctx), storeID, owner) }, nil
		}
		t := time.NewTimer(lockLook)
		select {
		case <-ctx.Done():
			t.Stop()
			return nil, ctx.Err()
		case <-t.C:
		}
	}
}

// unlock gives a lock back. If that fails it ends by itself.
func (k Keeper) unlock(ctx context.Context, storeID, owner string) {
	ctx, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	_ = k.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`DELETE FROM credential_lock WHERE store = ? AND owner = ?`, storeID, owner)
		return err
	})
}
