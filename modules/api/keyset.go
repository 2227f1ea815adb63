package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/sync/singleflight"
)

const (
	// keysAge is how long keys are used before they are read again: so long a key that the
	// issuer took away is still taken.
	keysAge = 10 * time.Minute
	// keysEnd is how long keys are used that could not be read again.
	keysEnd = 24 * time.Hour
	// keysRetry is the pause after a reading by age, and keysWait is how long a call waits
	// for one: an issuer that hangs holds no caller up whose key is known.
	keysRetry = 30 * time.Second
	keysWait  = 2 * time.Second
)

// keySet holds the keys by which an issuer signs. It is an oidc.KeySet. Of
// oidc.RemoteKeySet it differs in two things: a key that the issuer took away ends here
// too, and an issuer whose keys can't be read is told from a signature that fits none.
type keySet struct {
	url    string
	client *http.Client
	reads  singleflight.Group

	mu    sync.Mutex
	keys  []jose.JSONWebKey
	read  time.Time // when the issuer sent the keys; zero: not yet
	tried time.Time // when it was asked last
}

// VerifySignature returns what a signed token says.
//
// Errors: errToken; errIssuerDown while the keys can't be read.
func (k *keySet) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	jws, err := jose.ParseSignedCompact(token, signatureAlgorithms())
	if err != nil || len(jws.Signatures) != 1 {
		return nil, errToken
	}
	keys, fresh, err := k.usable(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errIssuerDown, err)
	}
	if payload, ok := signedBy(jws, keys); ok {
		return payload, nil
	}
	if fresh {
		return nil, errToken
	}
	// The issuer may have a new key.
	keys, err = k.fetch(ctx)
	switch {
	case errors.Is(err, errIssuerTooOften):
		return nil, errToken.With("its signature can't be checked")
	case err != nil:
		return nil, fmt.Errorf("%w: %w", errIssuerDown, err)
	}
	if payload, ok := signedBy(jws, keys); ok {
		return payload, nil
	}
	return nil, errToken
}

// usable returns the keys, and whether the issuer sent them just now.
func (k *keySet) usable(ctx context.Context) (keys []jose.JSONWebKey, fresh bool, err error) {
	k.mu.Lock()
	keys, age, pause := k.keys, time.Since(k.read), time.Since(k.tried)
	k.mu.Unlock()
	switch {
	case age > keysEnd: // or never read
		keys, err = k.fetch(ctx)
		return keys, true, err
	case age > keysAge && pause > keysRetry:
		waiting, stop := context.WithTimeout(ctx, keysWait)
		defer stop()
		if found, err := k.fetch(waiting); err == nil {
			return found, true, nil
		}
	}
	return keys, false, nil
}

// fetch reads the keys. Callers at the same time share one reading, which goes on when
// they don't wait for its end.
func (k *keySet) fetch(ctx context.Context) ([]jose.JSONWebKey, error) {
	reading := k.reads.DoChan("", func() (any, error) {
		k.mu.Lock()
		k.tried = time.Now()
		k.mu.Unlock()
		keys, err := k.get(context.WithoutCancel(ctx))
		if err != nil {
			return nil, err
		}
		k.mu.Lock()
		defer k.mu.Unlock()
		k.keys, k.read = keys, time.Now()
		return keys, nil
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-reading:
		keys, _ := r.Val.([]jose.JSONWebKey)
		return keys, r.Err
	}
}

// get asks the issuer. Keys of kinds that are not known here are left out, as RFC 7517,
// section 5, says.
func (k *keySet) get(ctx context.Context) ([]jose.JSONWebKey, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, k.url, nil)
	if err != nil {
		return nil, err
	}
	res, err := k.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the issuer's keys: status %d", res.StatusCode)
	}
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, fmt.Errorf("the issuer's keys: %w", err)
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(b, &set); err != nil {
		return nil, fmt.Errorf("the issuer's keys: %w", err)
	}
	if set.Keys == nil {
		return nil, errors.New("the issuer's keys: it sent something else")
	}
	keys := []jose.JSONWebKey{}
	for _, raw := range set.Keys {
		var key jose.JSONWebKey
		if json.Unmarshal(raw, &key) == nil && key.IsPublic() {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// signedBy returns what a token says when one of the keys has signed it.
func signedBy(jws *jose.JSONWebSignature, keys []jose.JSONWebKey) (payload []byte, ok bool) {
	id := jws.Signatures[0].Header.KeyID
	for _, key := range keys {
		if id != "" && key.KeyID != id {
			continue
		}
		if payload, err := jws.Verify(&key); err == nil {
			return payload, true
		}
	}
	return nil, false
}

func signatureAlgorithms() []jose.SignatureAlgorithm {
	return each(signatures, func(s string) jose.SignatureAlgorithm { return jose.SignatureAlgorithm(s) })
}
