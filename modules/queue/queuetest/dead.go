package queuetest

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/opal-photo/opal/modules/queue"
)

// deadTests check the dead letters.
var deadTests = []test{
	{"a dead letter keeps its bytes and says why", testDeadLetter},
	{"dead letters are redriven under new ids", testRedrive},
	{"dead letters are chosen by id", testRedriveByID},
	{"dead letters are purged", testPurge},
}

func bury(t *testing.T, q queue.Queue, ids ...string) {
	t.Helper()
	send(t, q, ids...)
	for range ids {
		d := receive(t, q)
		check(t, q.DeadLetter(within(t), d, "reason_"+d.ID, "why "+d.ID))
	}
}

func peek(t *testing.T, q queue.Queue, max int) []queue.Dead {
	t.Helper()
	d, err := q.PeekDead(within(t), max)
	check(t, err)
	return d
}

func testDeadLetter(t *testing.T, open New) {
	q := open(t, longLock).Open(t)
	raw := []byte("\xff\x00 poison \x80")
	check(t, q.Send(within(t), []queue.Message{{ID: "p", Body: raw, CorrelationID: "c", Properties: map[string]string{"kind": "bundle"}}}))
	// the text of a poison error may hold any bytes and have any length
	hostile := "\x00\xff" + strings.Repeat("é", 4000)
	check(t, q.DeadLetter(within(t), receive(t, q), "message_body_invalid", hostile))
	silent(t, q)
	got := peek(t, q, 10)
	if len(got) != 1 {
		t.Fatalf("%d dead letters", len(got))
	}
	d := got[0]
	if d.ID != "p" || !bytes.Equal(d.Body, raw) || d.CorrelationID != "c" || d.Reason != "message_body_invalid" {
		t.Fatalf("%+v", d)
	}
	if n := len(d.Description); n < 4000 || n > 4096 || !utf8.ValidString(d.Description) || strings.Contains(d.Description, "\x00") {
		t.Fatalf("a description of %d bytes", n)
	}
	if s := stats(t, q); s.Active != 0 || s.Dead != 1 {
		t.Fatalf("%+v", s)
	}
	if again := peek(t, q, 10); len(again) != 1 {
		t.Fatal("peeking took it away")
	}
	if n, err := q.Redrive(within(t), 1); n != 1 || err != nil {
		t.Fatalf("redrove %d: %v", n, err)
	}
	again := receive(t, q)
	if len(again.Properties) != 1 || again.Properties["kind"] != "bundle" {
		t.Errorf("redriven with the properties %q", again.Properties)
	}
	check(t, q.Complete(within(t), again))
}

func testRedrive(t *testing.T, open New) {
	q := open(t, longLock).Open(t)
	if n, err := q.Redrive(within(t), 10); n != 0 || err != nil {
		t.Fatalf("redrove %d of none: %v", n, err)
	}
	bury(t, q, "a", "b", "c")
	n, err := q.Redrive(within(t), 2)
	check(t, err)
	if n != 2 || len(peek(t, q, 10)) != 1 {
		t.Fatalf("redrove %d, left %d", n, len(peek(t, q, 10)))
	}
	for _, was := range []string{"a", "b"} {
		d := receive(t, q)
		if d.ID == was || d.ID == "" || !bytes.Equal(d.Body, body(was)) || d.CorrelationID != "c-"+was || d.DeliveryCount != 1 {
			t.Fatalf("redrove %s as %+v", was, d)
		}
		// it may become a dead letter again, and be redriven again
		check(t, q.DeadLetter(within(t), d, "again", "again"))
	}
	n, err = q.Redrive(within(t), 10)
	check(t, err)
	if n != 3 || len(peek(t, q, 10)) != 0 {
		t.Fatalf("redrove %d, left %d", n, len(peek(t, q, 10)))
	}
	for range 3 {
		check(t, q.Complete(within(t), receive(t, q)))
	}
}

func testRedriveByID(t *testing.T, open New) {
	q := open(t, longLock).Open(t)
	bury(t, q, "a", "b", "c", "d")
	n, err := q.Redrive(within(t), 10, "c", "nobody")
	check(t, err)
	if n != 1 {
		t.Fatalf("redrove %d", n)
	}
	d := receive(t, q)
	if !bytes.Equal(d.Body, body("c")) {
		t.Fatalf("redrove %s", d.Body)
	}
	check(t, q.Complete(within(t), d))
	n, err = q.PurgeDead(within(t), 10, "a", "d")
	check(t, err)
	left := peek(t, q, 10)
	if n != 2 || len(left) != 1 || left[0].ID != "b" || left[0].Reason != "reason_b" || left[0].Description != "why b" {
		t.Fatalf("purged %d, left %+v", n, left)
	}
}

func testPurge(t *testing.T, open New) {
	q := open(t, longLock).Open(t)
	var ids []string
	for i := range 130 {
		ids = append(ids, fmt.Sprintf("m%03d", i))
	}
	bury(t, q, ids...)
	if got := peek(t, q, 3); len(got) != 3 || got[0].ID != "m000" || got[2].ID != "m002" {
		t.Fatalf("peeked at %+v", got)
	}
	n, err := q.PurgeDead(within(t), 120)
	check(t, err)
	if n != 120 || stats(t, q).Dead != 10 {
		t.Fatalf("purged %d: %+v", n, stats(t, q))
	}
	silent(t, q)
}
