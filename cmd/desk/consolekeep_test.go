package main

import (
	"testing"

	"helloworld/bot/chat/console"
	"helloworld/bot/chat/console/keeptest"
	"helloworld/bot/store/storetest"
)

func TestConsoleKeepOnSQLite(t *testing.T) {
	t.Parallel()
	keeptest.Run(t, func(t *testing.T) console.Keep { return newConsoleKeep(storetest.SQLite(t), nil) })
}

func TestConsoleKeepOnPostgreSQL(t *testing.T) {
	keeptest.Run(t, func(t *testing.T) console.Keep { return newConsoleKeep(storetest.Postgres(t), nil) })
}
