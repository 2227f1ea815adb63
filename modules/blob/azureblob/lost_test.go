package azureblob_test

import (
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/blob/azureblob"
	"github.com/opal-photo/opal/modules/blob/azureblob/azuritetest"
)

// losing forwards requests and loses the answers to the first writes.
type losing struct {
	next http.RoundTripper
	lose atomic.Int32
	puts atomic.Int32
}

// RoundTrip does the request; its answer may be lost.
func (l *losing) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := l.next.RoundTrip(r)
	if err == nil && r.Method == http.MethodPut {
		l.puts.Add(1)
		if l.lose.Add(-1) >= 0 {
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
			return nil, errors.New("connection reset by peer")
		}
	}
	return res, err
}

func TestAWriteWhoseAnswerWasLostIsKnownAgain(t *testing.T) {
	s := azuritetest.New(t, azuritetest.Options{})
	client := s.Client()
	l := &losing{next: client.Transport}
	raw, err := azureblob.Open(azureblob.Options{ConnectionString: s.ConnectionString(), HTTP: &http.Client{Transport: l}})
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.EnsureContainers(t.Context(), "raw"); err != nil {
		t.Fatal(err)
	}
	store := blob.Retry(raw)
	l.puts.Store(0)
	l.lose.Store(1)
	if err := store.Put(t.Context(), "raw", "t/mine", []byte("mine"), blob.PutOptions{IfNoneMatch: true}); err != nil {
		t.Fatalf("its own write was taken for another's: %v", err)
	}
	if l.puts.Load() != 2 {
		t.Errorf("%d writes", l.puts.Load())
	}
	l.lose.Store(1)
	err = store.Put(t.Context(), "raw", "t/mine", []byte("else"), blob.PutOptions{IfNoneMatch: true})
	if !errors.Is(err, blob.ErrExists) {
		t.Errorf("another's blob: %v", err)
	}
}
