package chaos_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/opal-photo/opal/app/apptest"
)

const (
	slowBodyCount = 200
	// slowBodiesEnd is how long a client may keep a connection open on which it
	// sends one byte of a body and then nothing.
	slowBodiesEnd = 20 * time.Second

	hugeCount  = 60
	hugeBytes  = 24 << 20
	hugeHeader = 1 << 20
	doorMemory = 200 << 10 // KiB that serve-api may hold meanwhile
)

// slowBodies opens connections that send one byte of a body and wait. At the end
// it checks, at the client's side, that OPAL closed each of them in time.
func slowBodies(t *testing.T, g *ground) (end func()) {
	t.Helper()
	var mu sync.Mutex
	var closed []time.Duration
	var all sync.WaitGroup
	began := time.Now()
	for range slowBodyCount {
		conn, err := net.Dial("tcp", strings.TrimPrefix(g.fleet.api.Base, "http://"))
		if err != nil {
			t.Error(err)
			break
		}
		if _, err := fmt.Fprintf(conn, "POST /v1/jobs HTTP/1.1\r\nHost: opal\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{"); err != nil {
			t.Error(err)
		}
		all.Go(func() {
			defer conn.Close()
			_ = conn.SetReadDeadline(began.Add(3 * slowBodiesEnd))
			_, err := io.Copy(io.Discard, conn) // the answer, if any, and then the end
			var ne net.Error
			if errors.As(err, &ne) && ne.Timeout() {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			closed = append(closed, time.Since(began))
		})
	}
	return func() {
		all.Wait()
		slowest := time.Duration(0)
		for _, d := range closed {
			slowest = max(slowest, d)
		}
		t.Logf("%d of %d connections were closed, the last after %s", len(closed), slowBodyCount, slowest.Round(10*time.Millisecond))
		if len(closed) < slowBodyCount || slowest > slowBodiesEnd {
			t.Errorf("%d of %d connections were closed, the last after %s; want all within %s", len(closed), slowBodyCount, slowest, slowBodiesEnd)
		}
	}
}

// hugePhotos has 60 uploads declared complete together: 24 MB of noise first, which
// is refused, then photos with a header of 1 MB. They come from a store at 2 MB/s.
func hugePhotos(t *testing.T, g *ground) (end func()) {
	t.Helper()
	f := g.fleet
	r := rand.NewChaCha8([32]byte{1})
	noise := make([]byte, hugeBytes)
	_, _ = r.Read(noise)
	photo := paddedJPEG(apptest.Photo(t, 160, 120), noise[:hugeHeader])
	items := make([]map[string]any, hugeCount)
	for i := range items {
		items[i] = map[string]any{"filename": fmt.Sprintf("huge-%d.jpg", i)}
	}
	var j apptest.Job
	if code := f.insist(http.MethodPost, "/v1/jobs", "huge", map[string]any{"tenant_id": "default", "presets": chaosPresets, "items": items,
		"processing_options": map[string]any{"upscale": false}}, &j); code != http.StatusOK {
		t.Errorf("create: %d", code)
		return func() {}
	}
	g.also = append(g.also, j.JobID)
	for _, round := range []struct {
		body []byte
		want int
	}{{noise, http.StatusUnsupportedMediaType}, {photo, http.StatusOK}} {
		for _, it := range j.Items {
			var sas struct {
				UploadURL string `json:"upload_url"`
			}
			ids := completion(j.JobID, it.ItemID)
			if code := f.insist(http.MethodPost, "/v1/uploads/sas", "", ids, &sas); code != http.StatusOK {
				t.Errorf("sas: %d", code)
			}
			if code, answer, err := f.once(http.MethodPut, sas.UploadURL, "", round.body, http.Header{"X-Ms-Blob-Type": {"BlockBlob"}}); err != nil || code != http.StatusCreated {
				t.Errorf("upload: %d %s %v", code, answer, err)
			}
		}
		narrow := g.links["blobs"].poison(`{"type":"bandwidth","attributes":{"rate":2000}}`)
		var all sync.WaitGroup
		for _, it := range j.Items {
			all.Go(func() {
				if code := f.insist(http.MethodPost, "/v1/uploads/complete", "", completion(j.JobID, it.ItemID), nil); code != round.want {
					t.Errorf("complete: %d, want %d", code, round.want)
				}
			})
		}
		all.Wait()
		narrow()
	}
	return func() {}
}

// completion is the body that asks for an upload's URL and declares it complete.
func completion(jobID, itemID string) map[string]string {
	return map[string]string{"tenant_id": "default", "job_id": jobID, "item_id": itemID, "filename": "p.jpg", "content_type": "image/jpeg"}
}

// paddedJPEG returns the photo with application segments of noise after its start.
func paddedJPEG(photo, noise []byte) []byte {
	var b bytes.Buffer
	b.Write(photo[:2])
	for len(noise) > 0 {
		n := min(len(noise), 0xffff-2)
		b.Write([]byte{0xff, 0xef})
		_ = binary.Write(&b, binary.BigEndian, uint16(n+2)) // a bytes.Buffer takes everything
		b.Write(noise[:n])
		noise = noise[n:]
	}
	b.Write(photo[2:])
	return b.Bytes()
}
