package webhook

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

const (
	secretBytes  = 24
	secretPrefix = "whsec_"
)

// newSecret returns a fresh secret as receivers are told it.
func newSecret() string {
	b := make([]byte, secretBytes)
	_, _ = rand.Read(b) // never fails
	return secretPrefix + base64.StdEncoding.EncodeToString(b)
}

func (s *Service) aead(endpointID string) (cipher.AEAD, error) {
	mac := hmac.New(sha256.New, s.Secret)
	mac.Write([]byte("webhook-secret:" + endpointID))
	block, err := aes.NewCipher(mac.Sum(nil))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// seal makes a secret unreadable to who has the database alone.
func (s *Service) seal(endpointID, secret string) (string, error) {
	a, err := s.aead(endpointID)
	if err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(a.Seal(nil, nil, []byte(secret), nil)), nil
}

func (s *Service) open(endpointID, sealed string) (string, error) {
	b, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil {
		return "", errSecret
	}
	a, err := s.aead(endpointID)
	if err != nil {
		return "", err
	}
	plain, err := a.Open(nil, nil, b, nil)
	if err != nil {
		return "", errSecret
	}
	return string(plain), nil
}

// sign sets the headers of Standard Webhooks: one signature for each secret that is
// valid, the newest first.
func sign(h http.Header, id string, at time.Time, body []byte, secrets ...string) error {
	var signatures []string
	for _, secret := range secrets {
		w, err := standard.NewWebhook(secret)
		if err != nil {
			return fmt.Errorf("read a secret: %w", err)
		}
		one, err := w.Sign(id, at, body)
		if err != nil {
			return fmt.Errorf("sign a delivery: %w", err)
		}
		signatures = append(signatures, one)
	}
	h.Set(standard.HeaderWebhookID, id)
	h.Set(standard.HeaderWebhookTimestamp, strconv.FormatInt(at.Unix(), 10))
	h.Set(standard.HeaderWebhookSignature, strings.Join(signatures, " "))
	return nil
}
