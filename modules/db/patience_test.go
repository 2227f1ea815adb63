package db_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
)

// mute starts a proxy to a server. Once muted it drops all bytes and keeps the
// connections open.
func mute(t *testing.T, upstream string) (addr string, muted *atomic.Bool) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	muted = &atomic.Bool{}
	var open sync.Map
	t.Cleanup(func() {
		_ = ln.Close()
		open.Range(func(c, _ any) bool { _ = c.(net.Conn).Close(); return true })
	})
	go func() {
		for {
			from, err := ln.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial("tcp", upstream)
			if err != nil {
				_ = from.Close()
				continue
			}
			open.Store(from, nil)
			open.Store(to, nil)
			for _, way := range [][2]net.Conn{{from, to}, {to, from}} {
				go func() {
					buf := make([]byte, 4096)
					for {
						n, err := way[0].Read(buf)
						if err != nil {
							_ = way[1].Close()
							return
						}
						if !muted.Load() {
							_, _ = way[1].Write(buf[:n])
						}
					}
				}()
			}
		}
	}()
	return ln.Addr().String(), muted
}

// A call on a connection that a device in between has dropped ends as
// unreachable, although its context has no deadline.
func TestASilentServerIsGivenUp(t *testing.T) {
	server := dbtest.PostgresURL(t)
	at, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	addr, muted := mute(t, at.Host)
	d, err := db.Open(t.Context(), db.Options{URL: strings.Replace(server, at.Host, addr, 1), Patience: time.Second, MaxOpen: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	slow := func(ctx context.Context) error {
		_, err := d.ExecContext(ctx, `SELECT pg_sleep(0.2)`)
		return err
	}
	if err := slow(t.Context()); err != nil {
		t.Fatal(err)
	}
	time.Sleep(1200 * time.Millisecond) // idle for longer than the patience
	if err := slow(t.Context()); err != nil {
		t.Fatalf("a connection that was idle: %v", err)
	}
	muted.Store(true)
	if err := slow(t.Context()); !errors.Is(err, db.ErrUnavailable) {
		t.Errorf("a statement: %v", err)
	}
	if err := d.InTx(t.Context(), func(tx *db.Tx) error { _, err := tx.ExecContext(t.Context(), `SELECT 1`); return err }); !errors.Is(err, db.ErrUnavailable) {
		t.Errorf("a transaction: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := slow(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the caller's own deadline: %v", err)
	}
	muted.Store(false)
	if err := slow(t.Context()); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// The server releases the locks of a transaction whose connection was dropped,
// too.
func TestALostTransactionGivesUpItsLocks(t *testing.T) {
	server := dbtest.PostgresURL(t)
	at, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	addr, muted := mute(t, at.Host)
	lost, err := db.Open(t.Context(), db.Options{URL: strings.Replace(server, at.Host, addr, 1), Patience: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer lost.Close()
	other := dbtest.Open(t, server)
	if _, err := other.ExecContext(t.Context(), `CREATE TABLE one (n BIGINT); INSERT INTO one VALUES (1)`); err != nil {
		t.Fatal(err)
	}
	err = lost.InTx(t.Context(), func(tx *db.Tx) error {
		if _, err := tx.ExecContext(t.Context(), `UPDATE one SET n = 2`); err != nil {
			return err
		}
		muted.Store(true)
		_, err := tx.ExecContext(t.Context(), `UPDATE one SET n = 3`)
		return err
	})
	if !errors.Is(err, db.ErrUnavailable) {
		t.Errorf("the lost transaction: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if _, err := other.ExecContext(ctx, `UPDATE one SET n = n + 10`); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := other.QueryRowContext(ctx, `SELECT n FROM one`).Scan(&n); err != nil || n != 11 {
		t.Errorf("%d, %v", n, err)
	}
}

func TestUnreachable(t *testing.T) {
	for err, want := range map[error]bool{
		nil: false, errors.New("x"): false, context.Canceled: false, context.DeadlineExceeded: false, io.ErrUnexpectedEOF: true,
		&net.OpError{Op: "read", Err: errors.New("reset")}: true, errors.Join(context.Canceled, &net.OpError{Op: "read", Err: errors.New("closed")}): false,
		db.ErrUnavailable: true,
	} {
		t.Run(fmt.Sprint(err), func(t *testing.T) {
			if db.Unreachable(err) != want {
				t.Errorf("%v", !want)
			}
		})
	}
}
