package api

import (
	"encoding/json"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/billing"
	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/fault"
)

// unlike are operations that the client has no call for.
var unlike = map[string]string{
	"mollieWebhook": "the payment provider's",
	"directUpload":  "the client PUTs photos to their upload_url",
	"thumbnail":     "a file for pages; the client fetches the picture itself",
	"getBrandLogo":  "a file for pages",

	"getSession":    "a browser's, whose credentials are a cookie",
	"createSession": "a browser's; the client sends its key with every call",
	"endSession":    "a browser's",

	"guestLink":       "for the page of people without an account",
	"guestItems":      "for that page",
	"guestPicture":    "for that page",
	"guestComments":   "for that page",
	"addGuestComment": "for that page",
	"decideAsGuest":   "for that page",
	"guestDownload":   "for that page",
}

// The client knows by their codes the errors after which a photo still waits.
func TestTheClientKnowsWhatAPhotoWaitsFor(t *testing.T) {
	for _, e := range []*fault.Error{billing.ErrCredits, billing.ErrDebt, billing.ErrBudget} {
		if one := (client.ItemError{Code: e.Code}); !one.Unpaid() || one.Again() {
			t.Errorf("%s is an error of payment", e.Code)
		}
	}
	for _, e := range photoErrors {
		if one := (client.ItemError{Code: e.Code}); one.Unpaid() || one.Again() != (e.Kind == fault.Unavailable) {
			t.Errorf("%s: %v", e.Code, one.Again())
		}
	}
}

// TestTheClientIsEqualToTheDocument makes every call of the client: each is an operation
// of the document, its parameters and the fields of its body are known there, and no
// operation is missing.
func TestTheClientIsEqualToTheDocument(t *testing.T) {
	if onPostgres {
		return // the document is the same
	}
	h := newHouse(t)
	mux := http.NewServeMux()
	byPattern := map[string]*route{}
	for _, rt := range h.routes {
		if rt.ID != "" {
			byPattern[rt.Method+" "+rt.Path] = rt
			mux.Handle(rt.Method+" "+rt.Path, http.NotFoundHandler())
		}
	}
	var mu sync.Mutex
	made := map[string]bool{}
	method := "" // of the client, that is called
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		_, pattern := mux.Handler(r)
		rt := byPattern[pattern]
		switch {
		case rt == nil && r.URL.Path != "/put":
			t.Errorf("%s calls %s %s, which the document doesn't have", method, r.Method, r.URL.Path)
		case rt != nil:
			made[rt.ID] = true
			for name := range r.URL.Query() {
				if !slices.Contains(rt.query, name) {
					t.Errorf("%s sends the parameter %s, which %s doesn't take", method, name, rt.ID)
				}
			}
			var body map[string]json.RawMessage
			if json.NewDecoder(r.Body).Decode(&body) == nil && rt.schema != nil {
				schema := rt.schema
				if schema.Ref != "" {
					schema = h.huma.OpenAPI().Components.Schemas.SchemaFromRef(schema.Ref)
				}
				for name := range body {
					if schema.Properties[name] == nil {
						t.Errorf("%s sends the field %s, which %s doesn't take", method, name, rt.ID)
					}
				}
			}
			if rt.keyed() && r.Header.Get(idempotencyHeader) == "" {
				t.Errorf("%s sends no %s", method, idempotencyHeader)
			}
		}
		w.Header().Set("Content-Type", jsonType)
		_, _ = w.Write([]byte(`{"status":"completed","plate_id":"none","upload_url":"http://` + r.Host + `/put","download_url":"http://` + r.Host + `/put"}`))
	}))
	defer s.Close()
	c, err := client.New(s.URL, client.Options{Tenant: "t1"})
	if err != nil {
		t.Fatal(err)
	}
	v := reflect.ValueOf(c)
	for i := range v.NumMethod() {
		name, f := v.Type().Method(i).Name, v.Method(i)
		if f.Type().NumIn() == 0 || slices.Contains([]string{"Put", "PutFrom", "Fetch"}, name) { // of files, not of the API
			continue
		}
		mu.Lock()
		method = name
		mu.Unlock()
		out := callWith(t, f)
		if name == "Events" {
			out[0].Interface().(iter.Seq2[client.StreamEvent, error])(func(client.StreamEvent, error) bool { return true })
		}
	}
	mu.Lock()
	defer mu.Unlock()
	for _, rt := range byPattern {
		if _, ok := unlike[rt.ID]; !ok && !made[rt.ID] {
			t.Errorf("the client has no call for %s", rt.ID)
		}
	}
}

// callWith calls a method with arguments that have a value in every field.
func callWith(t *testing.T, f reflect.Value) []reflect.Value {
	t.Helper()
	args := []reflect.Value{reflect.ValueOf(t.Context())}
	for i := 1; i < f.Type().NumIn(); i++ {
		if f.Type().IsVariadic() && i == f.Type().NumIn()-1 {
			break
		}
		a := reflect.New(f.Type().In(i)).Elem()
		fill(a, 0)
		args = append(args, a)
	}
	return f.Call(args)
}

// fill gives a value and its fields something other than zero.
func fill(v reflect.Value, depth int) {
	if depth > 4 {
		return
	}
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.Date(2026, 11, 27, 9, 30, 0, 0, time.UTC)))
		return
	case time.Duration:
		v.Set(reflect.ValueOf(time.Second))
		return
	case json.RawMessage:
		v.Set(reflect.ValueOf(json.RawMessage(`{}`)))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("x")
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Float64:
		v.SetFloat(1)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), depth+1)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), depth+1)
	case reflect.Interface:
		if discard := reflect.ValueOf(io.Discard); discard.Type().Implements(v.Type()) {
			v.Set(discard)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); f.CanSet() && !strings.HasPrefix(v.Type().Field(i).Tag.Get("json"), "-") {
				fill(f, depth+1)
			}
		}
	}
}
