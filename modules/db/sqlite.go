package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"modernc.org/sqlite"
)

// registerNow makes now_ms() known to SQLite. The driver keeps its functions in
// a table of its own that takes a name once.
var registerNow = sync.OnceValue(func() error {
	return sqlite.RegisterScalarFunction("now_ms", 0, func(*sqlite.FunctionContext, []driver.Value) (driver.Value, error) {
		return time.Now().UnixMilli(), nil
	})
})

// openSQLite opens the file, creating it and its folder. WAL lets readers go on
// beside the writer; synchronous=FULL keeps a commit through a power cut, which
// a message that has been sent relies on.
func openSQLite(ctx context.Context, path string) (*sql.DB, error) {
	if err := registerNow(); err != nil {
		return nil, fmt.Errorf("register now_ms: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the database's folder: %w", err)
	}
	if err := makePrivate(path); err != nil {
		return nil, err
	}
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)",
		"temp_store(MEMORY)", "cache_size(-16000)",
	}}
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath(), RawQuery: q.Encode()}
	c, err := sqlite.NewConnector(u.String())
	if err != nil {
		return nil, fmt.Errorf("open SQLite %s: %w", path, err)
	}
	return openTraced(ctx, keeping{c}, "sqlite"), nil
}

// makePrivate keeps the machine's other users from reading the database, whatever
// its folder allows: the file, and those that SQLite makes beside it with the same
// mode.
func makePrivate(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open SQLite %s: %w", path, err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("open SQLite %s: %w", path, err)
	}
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		info, err := os.Stat(path + suffix)
		if errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode().Perm()&0o077 == 0 {
			continue
		}
		if err == nil {
			err = os.Chmod(path+suffix, 0o600)
		}
		if err != nil {
			return fmt.Errorf("keep SQLite %s from other users: %w", path+suffix, err)
		}
	}
	return nil
}
