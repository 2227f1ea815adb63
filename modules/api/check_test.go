package api

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/client"
)

// pictureBody is a form with a picture, and a mask unless it is nil, under a boundary of its own.
func pictureBody(t *testing.T, fields [][2]string, mask []byte) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, f := range fields {
		if err := w.WriteField(f[0], f[1]); err != nil {
			t.Fatal(err)
		}
	}
	for name, file := range map[string][]byte{"file": []byte("a picture"), "mask": mask} {
		if file == nil {
			continue
		}
		part, err := w.CreateFormFile(name, `C:\\shop\\mug.jpg`)
		if err == nil {
			_, err = part.Write(file)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), w.FormDataContentType()
}

func TestPicturesAreChecked(t *testing.T) {
	h := newHouse(t)
	checks, _ := h.PictureChecks.(*memoryChecks)
	fields := [][2]string{{"tenant_id", "t1"}, {"channels", "amazon, bol"}, {"channels", "ebay"}, {"slot", "pt02"}, {"as_of", "2027-01-31"}}
	body, kind := pictureBody(t, fields, []byte("its mask"))
	a := h.do(t, http.MethodPost, "/v1/checks", body, "Content-Type", kind)
	v := a.json(t)
	if a.status != http.StatusOK || v["verdict"] != "warned" || v["status"] != "completed" {
		t.Errorf("with a mask: %d %s", a.status, a.body)
	}
	n := checks.last
	if d := cmp.Diff([]string{"amazon", "bol", "ebay"}, n.Channels); d != "" || n.Slot != "PT02" || n.Filename != "mug.jpg" || n.On.Format("2006-01-02") != "2027-01-31" || string(checks.read) != "a picture" || n.Mask == nil {
		t.Errorf("the service was asked for %+v %s", n, d)
	}

	body, kind = pictureBody(t, fields, nil)
	a = h.do(t, http.MethodPost, "/v1/checks", body, "Content-Type", kind, "Idempotency-Key", "k")
	if a.status != http.StatusAccepted {
		t.Fatalf("without a mask: %d %s", a.status, a.body)
	}
	id, _ := a.json(t)["check_id"].(string)
	again, kind := pictureBody(t, fields, nil) // the same under another boundary
	if b := h.do(t, http.MethodPost, "/v1/checks", again, "Content-Type", kind, "Idempotency-Key", "k"); b.body != a.body || b.status != a.status || again == body {
		t.Errorf("repeated: %d %s, want %s", b.status, b.body, a.body)
	}
	other, kind := pictureBody(t, append(fields, [2]string{"presets", "etsy"}), nil)
	wantProblem(t, "another form under the key", h.do(t, http.MethodPost, "/v1/checks", other, "Content-Type", kind, "Idempotency-Key", "k"), 422, "idempotency_key_reused")

	a = h.do(t, http.MethodGet, "/v1/checks/"+id+"?tenant_id=t1&wait=5", "")
	if a.status != http.StatusOK || a.json(t)["status"] != "failed" {
		t.Errorf("the second look: %d %s", a.status, a.body)
	}
	wantProblem(t, "another tenant's", h.do(t, http.MethodGet, "/v1/checks/"+id+"?tenant_id=t2", ""), 404, "check_not_found")
	for name, c := range map[string]struct {
		fields [][2]string
		code   string
	}{
		"a day that is none": {[][2]string{{"tenant_id", "t1"}, {"as_of", "31.1.2027"}}, "as_of_invalid"},
		"a broken text":      {[][2]string{{"tenant_id", "t1"}, {"slot", "a\x00b"}}, "text_invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			body, kind := pictureBody(t, c.fields, nil)
			wantProblem(t, name, h.do(t, http.MethodPost, "/v1/checks", body, "Content-Type", kind), 422, c.code)
		})
	}
}

// The Go client sends what the API reads.
func TestTheClientSendsPicturesToBeChecked(t *testing.T) {
	h := newHouse(t)
	checks, _ := h.PictureChecks.(*memoryChecks)
	srv := httptest.NewServer(h.handler)
	t.Cleanup(srv.Close)
	c, err := client.New(srv.URL, client.Options{Tenant: "t1"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.CheckPicture(t.Context(), client.NewPictureCheck{Filename: "a.jpg", Picture: []byte("p"), Mask: []byte("m"), Presets: []string{"etsy"}, Category: "shoes", AsOf: "2027-01-31"})
	if err != nil || got.Open() || got.Verdict == nil || *got.Verdict != "warned" || len(got.Presets) != 1 {
		t.Fatalf("%+v %v", got, err)
	}
	if n := checks.last; n.TenantID != "t1" || n.Category != "shoes" || n.Filename != "a.jpg" || len(n.Presets) != 1 || n.Presets[0] != "etsy" {
		t.Errorf("%+v", n)
	}
	open, err := c.CheckPicture(t.Context(), client.NewPictureCheck{Filename: "a.jpg", Picture: []byte("p")})
	if err != nil || !open.Open() {
		t.Fatalf("%+v %v", open, err)
	}
	if ended, err := c.PictureCheck(t.Context(), open.CheckID, 0); err != nil || ended.CheckID != open.CheckID {
		t.Errorf("%+v %v", ended, err)
	}
}
