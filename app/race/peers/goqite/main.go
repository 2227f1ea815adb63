// Command goqite sends, receives and deletes messages of a queue in a new SQLite file, one
// after another, and writes how many a second went all the way.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"maragu.dev/goqite"
	_ "modernc.org/sqlite"
)

// schema is the table that goqite's documentation gives for SQLite.
const schema = `create table goqite (
  id text primary key default ('m_' || lower(hex(randomblob(16)))),
  created text not null default (strftime('%Y-%m-%dT%H:%M:%fZ')),
  updated text not null default (strftime('%Y-%m-%dT%H:%M:%fZ')),
  queue text not null,
  body blob not null,
  timeout text not null default (strftime('%Y-%m-%dT%H:%M:%fZ')),
  received integer not null default 0,
  priority integer not null default 0
) strict;
create trigger goqite_updated_timestamp after update on goqite begin
  update goqite set updated = strftime('%Y-%m-%dT%H:%M:%fZ') where id = old.id;
end;
create index goqite_queue_priority_created_idx on goqite (queue, priority desc, created);`

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "goqite:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("usage: goqite FOLDER MESSAGES BODY")
	}
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	// A commit that returned is on the disk, as with OPAL's own queue.
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)"}}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(args[0], "goqite.db")+"?"+q.Encode())
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(schema); err != nil {
		return err
	}
	ctx, queue := context.Background(), goqite.New(goqite.NewOpts{DB: db, Name: "race", Timeout: time.Minute})
	began := time.Now()
	for range n {
		if err := queue.Send(ctx, goqite.Message{Body: []byte(args[2])}); err != nil {
			return err
		}
	}
	for i := range n {
		m, err := queue.Receive(ctx)
		if err != nil {
			return err
		}
		if m == nil {
			return fmt.Errorf("%d of %d messages came", i, n)
		}
		if err := queue.Delete(ctx, m.ID); err != nil {
			return err
		}
	}
	fmt.Printf("figure %f\n", float64(n)/time.Since(began).Seconds())
	return nil
}
