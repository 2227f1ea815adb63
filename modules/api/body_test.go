package api

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/tenant"
)

// TestSlowBodiesEndTheirConnections counts at the clients: each must be answered and
// closed. The paces are shortened; the bound only keeps the test from hanging.
func TestSlowBodiesEndTheirConnections(t *testing.T) {
	h := newHouse(t, withKeys, func(o *Options) {
		o.Mounts = []Mount{{Path: "/put/", Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				w.WriteHeader(http.StatusBadRequest)
			}
		})}}
	})
	quick := pace{all: 300 * time.Millisecond, idle: 200 * time.Millisecond}
	h.jsonPace, h.formPace, h.mountPace = quick, quick, quick
	key, _ := h.key(t, "t1")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: h.handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 5 * time.Minute, ErrorLog: nil}
	go func() { _ = srv.Serve(l) }()
	defer srv.Close()
	const form = "Content-Type: multipart/form-data; boundary=x\r\n"
	const hook = "Content-Type: application/x-www-form-urlencoded\r\n"
	for _, c := range []struct {
		name, method, path, headers, begin string
		status                             int // 0: any
	}{
		{"JSON", "POST", "/v1/jobs", "Content-Type: application/json\r\n", "{", 408},
		{"JSON without a key", "POST", "/v1/jobs", "X-API-Key: \r\nContent-Type: application/json\r\n", "{", 401},
		{"no JSON", "POST", "/v1/jobs", "Content-Type: text/plain\r\n", "{", 408},
		{"a call without a body", "POST", "/v1/jobs/x/cancel", "", "t", 408},
		{"a form", "POST", "/v1/uploads/direct", form, "-", 408},
		{"the payment provider's callback", "POST", "/v1/mollie/webhook", hook, "i", 408},
		{"a GET", "GET", "/v1/jobs", "", "x", 200},
		{"a path that isn't there", "POST", "/nope", "", "x", 404},
		{"a method that isn't", "DELETE", "/v1/presets", "", "x", 405},
		{"health", "POST", "/healthz", "", "x", 0},
		{"an upload URL", "PUT", "/put/x", "", "x", 400},
		{"the document", "GET", "/openapi.json", "", "x", 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			const clients = 20
			auth := key
			if strings.Contains(c.headers, "X-API-Key") { // the row has its own, an empty one
				auth = ""
			}
			var wg sync.WaitGroup
			for range clients {
				wg.Go(func() {
					status, err := slowly(l.Addr().String(), fmt.Sprintf("%s %s HTTP/1.1\r\nHost: x\r\nX-API-Key: %s\r\n%sContent-Length: 100000\r\n\r\n%s",
						c.method, c.path, auth, strings.TrimPrefix(c.headers, "X-API-Key: \r\n"), c.begin))
					if err != nil || c.status != 0 && status != c.status {
						t.Errorf("%d, %v; want %d and an ended connection", status, err, c.status)
					}
				})
			}
			wg.Wait()
		})
	}
}

// slowly sends a request that never ends and returns the answer's status once the
// server has closed the connection.
func slowly(addr, request string) (status int, err error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return 0, err
	}
	if _, err := io.WriteString(c, request); err != nil {
		return 0, err
	}
	r := bufio.NewReader(c)
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return res.StatusCode, err
	}
	var ne net.Error
	if _, err := r.ReadByte(); errors.As(err, &ne) && ne.Timeout() {
		return res.StatusCode, errors.New("the connection stays open")
	}
	return res.StatusCode, nil
}

// TestASteadyBodyIsTaken checks that the pace bounds the silences, not a whole
// photo.
func TestASteadyBodyIsTaken(t *testing.T) {
	h := newHouse(t)
	h.formPace = pace{all: time.Minute, idle: 5 * time.Second}
	srv := httptest.NewServer(h.handler)
	defer srv.Close()
	jobID, itemID := h.make(t, "default")
	body, ct := form(t, map[string]string{"job_id": jobID, "item_id": itemID}, "a.jpg", bytes.Repeat([]byte("x"), 100_000))
	r, w := io.Pipe()
	go func() {
		for body.Len() > 0 {
			if _, err := w.Write(body.Next(10_000)); err != nil {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		_ = w.Close()
	}()
	res, err := http.Post(srv.URL+"/v1/uploads/direct", ct, r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("%d", res.StatusCode)
	}
}

func TestTextThatCantBeKeptIsRefused(t *testing.T) {
	h := newHouse(t)
	jobID, itemID := h.make(t, "default")
	ids := fmt.Sprintf(`"job_id":%q,"item_id":%q`, jobID, itemID)
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		code                     string
	}{
		{"NUL in a prompt", "POST", "/v1/jobs", `{"items":[{"filename":"a.jpg","scene_prompt":"a\u0000b"}]}`, 422, "text_invalid"},
		{"NUL in a name of a field", "POST", "/v1/jobs", `{"items":[{"filename":"a.jpg"}],"x\u0000":1}`, 422, "text_invalid"},
		{"NUL in what is not known", "POST", "/v1/jobs", `{"items":[{"filename":"a.jpg"}],"x":{"y":["\u0000"]}}`, 422, "text_invalid"},
		{"NUL in a content type", "POST", "/v1/uploads/sas", `{` + ids + `,"filename":"a.jpg","content_type":"image/\u0000"}`, 422, "text_invalid"},
		{"NUL as it is", "POST", "/v1/jobs", "{\"items\":[{\"filename\":\"a\x00\"}]}", 400, "body_malformed"},
		{"an escaped backslash before u0000", "POST", "/v1/jobs", `{"items":[{"filename":"a.jpg","scene_prompt":"\\u0000"}]}`, 200, ""},
		{"broken UTF-8", "POST", "/v1/jobs", "{\"items\":[{\"filename\":\"a.jpg\",\"scene_prompt\":\"\xff\"}]}", 400, "body_malformed"},
		{"cut UTF-8", "POST", "/v1/jobs", "{\"items\":[{\"filename\":\"a.jpg\",\"scene_prompt\":\"\xe4\xb8\"}]}", 400, "body_malformed"},
		{"NUL in a brand", "POST", "/v1/brand-profiles", `{"name":"a\u0000"}`, 422, "text_invalid"},
		{"NUL in a key's name", "POST", "/v1/api-keys", `{"name":"a\u0000"}`, 422, "text_invalid"},
		{"NUL in a customer", "PUT", "/v1/billing/customer", `{"name":"a\u0000"}`, 422, "text_invalid"},
		{"NUL in a cursor", "GET", "/v1/jobs?cursor=%00", "", 422, "text_invalid"},
		{"broken UTF-8 in a cursor", "GET", "/v1/jobs?cursor=%ff", "", 422, "text_invalid"},
		{"an escape that is none", "GET", "/v1/jobs?cursor=%zz", "", 422, "text_invalid"},
		{"an escape that is cut off", "GET", "/v1/jobs?tenant_id=%", "", 422, "text_invalid"},
		{"a semicolon, behind which nothing is read", "GET", "/v1/jobs?tenant_id=t1;cursor=x", "", 422, "text_invalid"},
		{"an escape that is none, for everybody", "GET", "/v1/presets?x=%zz", "", 422, "text_invalid"},
		{"NUL in a deletions' cursor", "GET", "/v1/deletions?cursor=%00", "", 422, "text_invalid"},
		{"NUL in a payment's id", "GET", "/v1/billing/payments/%00", "", 404, "payment_not_found"},
		{"broken UTF-8 in a payment's id", "GET", "/v1/billing/payments/%ff", "", 404, "payment_not_found"},
		{"NUL in an invoice's payment", "GET", "/v1/billing/payments/%00/invoice", "", 404, "payment_not_found"},
		{"NUL in a brand's id", "GET", "/v1/brand-profiles/%00", "", 404, "brand_profile_not_found"},
		{"NUL in a queue's name", "GET", "/v1/dead-letters?queue=%00&tenant_id=t1", "", 422, "text_invalid"},
		{"NUL in usage", "GET", "/v1/billing/usage?by=%00", "", 422, "text_invalid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := h.do(t, c.method, c.path, c.body)
			if c.code == "" {
				if a.status != c.status {
					t.Errorf("%d %s", a.status, a.body)
				}
				return
			}
			wantProblem(t, c.name, a, c.status, c.code)
		})
	}
	t.Run("a form's file name", func(t *testing.T) {
		b, ct := form(t, map[string]string{"job_id": jobID, "item_id": itemID}, "a\xff.jpg", []byte("photo"))
		wantProblem(t, "broken UTF-8", h.do(t, "POST", "/v1/uploads/direct", b.String(), "Content-Type", ct), 422, "text_invalid")
		b, ct = form(t, map[string]string{"job_id": jobID + "\x00", "item_id": itemID}, "a.jpg", []byte("photo"))
		wantProblem(t, "NUL in a field", h.do(t, "POST", "/v1/uploads/direct", b.String(), "Content-Type", ct), 422, "text_invalid")
		b, ct = form(t, map[string]string{"job_id": jobID, "item_id": itemID, "file": "\xff\xd8\xff"}, "a.jpg", nil)
		wantProblem(t, "a photo sent as text", h.do(t, "POST", "/v1/uploads/direct", b.String(), "Content-Type", ct), 422, "file_missing")
	})
}

func TestJSONAsProgramsWriteIt(t *testing.T) {
	h := newHouse(t)
	const item = `{"items":[{"filename":"a.jpg","scene_count":%s}]}`
	for _, c := range []struct {
		name, body string
		status     int
		scenes     int
		says       string
	}{
		{"a byte order mark", "\xef\xbb\xbf" + fmt.Sprintf(item, "2"), 200, 2, ""},
		{"1.0", fmt.Sprintf(item, "1.0"), 200, 1, ""},
		{"2e0", fmt.Sprintf(item, "2e0"), 200, 2, ""},
		{"0.2e1", fmt.Sprintf(item, "0.2e1"), 200, 2, ""},
		{"1.5", fmt.Sprintf(item, "1.5"), 422, 0, "integer"},
		{"1e400", fmt.Sprintf(item, "1e400"), 400, 0, "too large"},
		{"1e30", fmt.Sprintf(item, "1e30"), 422, 0, ""},
		{"a word", fmt.Sprintf(item, `"two"`), 422, 0, "integer"},
		{"UTF-16", "\xff\xfe{\x00}\x00", 400, 0, "UTF-8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := h.do(t, "POST", "/v1/jobs", c.body)
			if a.status != c.status || c.status == 200 && h.jobs.last.Items[0].SceneCount != c.scenes || !strings.Contains(a.body, c.says) {
				t.Errorf("%d %s, asked for %+v", a.status, a.body, h.jobs.last)
			}
			for _, word := range []string{"Go ", "struct", "json:", "client."} {
				if strings.Contains(a.body, word) {
					t.Errorf("the answer speaks Go: %s", a.body)
				}
			}
		})
	}
	for path, method := range map[string]string{"/v1/billing/limits": "PUT", "/v1/billing/payments/none/refund": "POST"} {
		t.Run(path, func(t *testing.T) {
			a := h.do(t, method, path, `{"budget_cap":1e30,"amount":99999999999999999999}`)
			if a.status != 422 || strings.Contains(a.body, "Go ") {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
}

func TestUnknownFields(t *testing.T) {
	h := newHouse(t)
	jobID, itemID := h.make(t, "default")
	ids := fmt.Sprintf(`"job_id":%q,"item_id":%q`, jobID, itemID)
	for _, c := range []struct {
		name, method, path, body, want string
	}{
		{"a job's", "POST", "/v1/jobs", `{"items":[{"filename":"a.jpg","scene":"studio"},{"filename":"b.jpg","Scene_Types":[]}],"preset":["etsy"],"processing_options":{"upscaling":false}}`,
			"[items[0].scene items[1].Scene_Types preset processing_options.upscaling]"},
		{"an upload's", "POST", "/v1/uploads/sas", `{` + ids + `,"file_name":"a.jpg"}`, "[file_name]"},
		{"a completed upload's", "POST", "/v1/uploads/complete", `{` + ids + `,"x":{"y":1}}`, "[x]"},
		{"a brand's", "POST", "/v1/brand-profiles", `{"name":"Acme","colours":[]}`, "[colours]"},
		{"a call's without a body", "POST", "/v1/jobs/" + jobID + "/cancel", `{"tenant_id":"default","reason":"x"}`, "[reason]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := h.do(t, c.method, c.path, c.body, preferHeader, `respond-async, handling="strict"`)
			wantProblem(t, "strictly", a, 422, "unknown_fields")
			if a.header.Get(appliedHeader) != strictly || !strings.Contains(a.body, `"location":"body.`) {
				t.Errorf("%v %s", a.header, a.body)
			}
			a = h.do(t, c.method, c.path, c.body, preferHeader, "handling=lenient")
			if a.status != 200 || fmt.Sprint(a.json(t)["unknown_fields"]) != c.want {
				t.Errorf("%d %s, want %s", a.status, a.body, c.want)
			}
		})
	}
	t.Run("none", func(t *testing.T) {
		a := h.do(t, "POST", "/v1/jobs", `{"items":[{"filename":"a.jpg"}]}`, preferHeader, strictly)
		if a.status != 200 || strings.Contains(a.body, "unknown_fields") || a.header.Get(appliedHeader) != strictly {
			t.Errorf("%d %v %s", a.status, a.header, a.body)
		}
	})
	t.Run("of the query", func(t *testing.T) {
		wantProblem(t, "strictly", h.do(t, "GET", "/v1/jobs?limt=3&limit=2&tenant_id=t1", "", preferHeader, strictly), 422, "unknown_fields")
		if a := h.do(t, "GET", "/v1/jobs?limt=3", ""); a.status != 200 {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
	t.Run("many", func(t *testing.T) {
		var fields strings.Builder
		for i := range 500 {
			fmt.Fprintf(&fields, `,"x%d":1`, i)
		}
		a := h.do(t, "POST", "/v1/jobs", `{"items":[{"filename":"a.jpg"}]`+fields.String()+`}`)
		if n := len(a.json(t)["unknown_fields"].([]any)); n != maxFields {
			t.Errorf("%d are told", n)
		}
	})
	t.Run("of a form", func(t *testing.T) {
		b, ct := form(t, map[string]string{"job_id": jobID, "item_id": itemID, "sku": "7"}, `C:\photos\a.jpg`, []byte("photo"))
		a := h.do(t, "POST", "/v1/uploads/direct", b.String(), "Content-Type", ct)
		if a.status != 200 || fmt.Sprint(a.json(t)["unknown_fields"]) != "[sku]" || !strings.HasSuffix(a.json(t)["raw_blob_path"].(string), "/a.jpg") {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
}

// TestPagesOfOtherOriginsChangeNothing sends what browsers send.
func TestPagesOfOtherOriginsChangeNothing(t *testing.T) {
	const body = `{"items":[{"filename":"a.jpg"}]}`
	h := newHouse(t, func(o *Options) { o.Origins = []string{"https://opal.example"} })
	keyed := newHouse(t, withKeys)
	key, _ := keyed.key(t, "t1")
	jobID, _ := h.make(t, "default")
	for _, c := range []struct {
		name, path, body string
		headers          []string
		refused          bool
	}{
		{"a program", "/v1/jobs", body, nil, false},
		{"the console", "/v1/jobs", body, []string{"Origin", "http://example.com", "Sec-Fetch-Site", "same-origin"}, false},
		{"the public address", "/v1/jobs", body, []string{"Origin", "https://opal.example"}, false},
		{"another page", "/v1/jobs", body, []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}, true},
		{"another port of this host", "/v1/jobs", body, []string{"Origin", "http://example.com:81", "Sec-Fetch-Site", "same-site"}, true},
		{"an old browser", "/v1/jobs", body, []string{"Origin", "https://evil.example"}, true},
		{"a sandboxed page", "/v1/jobs", body, []string{"Origin", "null"}, true},
		{"a form", "/v1/jobs/" + jobID + "/cancel", "tenant_id=default", []string{"Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "cross-site"}, true},
		{"text", "/v1/jobs/" + jobID + "/cancel", "{}", []string{"Content-Type", "text/plain", "Origin", "https://evil.example"}, true},
		{"dead letters", "/v1/dead-letters/purge?tenant_id=t1", `{"queue":"jobs"}`, []string{"Origin", "https://evil.example"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := h.do(t, "POST", c.path, c.body, c.headers...)
			if c.refused {
				wantProblem(t, c.name, a, 403, "cross_origin")
			} else if a.status != 200 {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
	if a := keyed.do(t, "POST", "/v1/jobs", body, keyHeader, key, "Origin", "https://shop.example", "Sec-Fetch-Site", "cross-site", "Content-Type", ""); a.status != 200 {
		t.Errorf("with a key, which no other page has: %d %s", a.status, a.body)
	}
}

func TestWholeNumber(t *testing.T) {
	got := map[string]string{}
	for _, s := range []string{"1.0", "1e2", "-3.00", "10E-1", "1.5", "1", "1e400", "0.0", "1e-2", strings.Repeat("9", 50) + ".0"} {
		if w, ok := wholeNumber(s); ok {
			got[s] = w
		}
	}
	if d := cmp.Diff(map[string]string{"1.0": "1", "1e2": "100", "-3.00": "-3", "10E-1": "1", "0.0": "0"}, got); d != "" {
		t.Error(d)
	}
}

// TestNamesOfAnyWritingAreKept gives each text that people name things by in every writing,
// and in a length that nobody reads.
func TestNamesOfAnyWritingAreKept(t *testing.T) {
	h := newHouse(t, withKeys)
	key, _ := h.key(t, "t1", tenant.Admin)
	g := h.gallery(t, "t1")
	token, _ := g.link(t, fmt.Sprintf(`{"job_id":%q,"comment":true}`, g.jobID))
	for name, c := range map[string]struct {
		path, body, field string
		guests            bool
	}{
		"brand":   {"/v1/brand-profiles", `{"brand_profile_id":"b%d","name":%s}`, "name", false},
		"key":     {"/v1/api-keys", `{"budget":%d,"name":%s}`, "name", false},
		"link":    {"/v1/shares", `{"x%d":1,"job_id":"` + g.jobID + `","name":%s}`, "name", true},
		"comment": {"/v1/guest/items/" + g.items[0] + "/comments", `{"x%d":1,"name":"Grace","text":%s}`, "text", true},
		"guest":   {"/v1/guest/items/" + g.items[0] + "/comments", `{"x%d":1,"text":"x","name":%s}`, "author", true},
	} {
		t.Run(name, func(t *testing.T) {
			for i, text := range []string{"\u202egpj.exe", "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627", "\U0001f469\u200d\U0001f467 \U0001f1f3\U0001f1f1", "z\u0335\u0322\u0328a\u0301", "<b onmouseover=alert(1)>", "=1+1", strings.Repeat("\U0001f469", 5000)} {
				quoted, _ := json.Marshal(text)
				a := h.do(t, "POST", c.path, fmt.Sprintf(c.body, i+1, quoted), keyHeader, key, "X-Share-Token", token)
				// guests' texts, and what guests read, turn no other text around
				refused := len(text) > 1000 || strings.HasPrefix(text, "\u202e") && c.guests
				if a.status >= 500 || refused != (a.status >= 400) {
					t.Errorf("%.40q: %d %.200s", text, a.status, a.body)
				} else if !refused && a.json(t)[c.field] != text {
					t.Errorf("%q becomes %q", text, a.json(t)[c.field])
				}
			}
		})
	}
}
