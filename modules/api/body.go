package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/opal-photo/opal/modules/fault"
)

// errText is returned on both databases, although one of them could keep such
// text.
var (
	errText    = fault.New(fault.Invalid, "text_invalid", "The request holds text that can't be kept")
	errNotUTF8 = fault.New(fault.Malformed, "body_malformed", "The body is not UTF-8")
)

// pace is how fast a body must arrive.
type pace struct {
	all  time.Duration // until its end
	idle time.Duration // between two of its parts
}

// pacedBody ends the reading of a body that comes too slowly, and with it the
// connection: until a body has been read to its end the deadline stays, so that
// net/http, which drains the bytes that a handler left unread, doesn't wait for
// the rest.
type pacedBody struct {
	io.ReadCloser
	ctl   *http.ResponseController
	began time.Time
	pace
}

// paced makes the request's body one that must come at a pace. A request without a
// body is left as it is. Not every writer has deadlines; the server's does.
func paced(w http.ResponseWriter, r *http.Request, p pace) {
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	if b, ok := r.Body.(*pacedBody); ok {
		b.pace = p
		b.extend()
		return
	}
	b := &pacedBody{ReadCloser: r.Body, ctl: http.NewResponseController(w), began: time.Now(), pace: p}
	b.extend()
	r.Body = b
}

func (b *pacedBody) extend() {
	at := time.Now().Add(b.idle)
	if end := b.began.Add(b.all); end.Before(at) {
		at = end
	}
	_ = b.ctl.SetReadDeadline(at)
}

// Read reads on, and takes the deadline away at the end: one that passes later would
// cancel the request.
func (b *pacedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	switch {
	case errors.Is(err, io.EOF):
		_ = b.ctl.SetReadDeadline(time.Time{})
	case err == nil && n > 0:
		b.extend()
	}
	return n, err
}

// keepable reports whether both databases can keep a text: valid UTF-8 without NUL.
func keepable(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// readQuery returns a request's parameters. It refuses a query that is not well formed:
// of such a one Go reads only a part, and a tenant or a cursor that is passed over makes
// another request than the one that was meant.
func readQuery(r *http.Request) (url.Values, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, errText.With("the query is not well formed: %v", err)
	}
	return query, checkQuery(query)
}

// checkQuery refuses parameters that can't be kept.
func checkQuery(query map[string][]string) error {
	for name, values := range query {
		if slices.Contains(ownChecks, name) {
			continue
		}
		if !keepable(name) || slices.ContainsFunc(values, func(v string) bool { return !keepable(v) }) {
			return errText.With("parameter %.40q: it must be UTF-8 without the character U+0000", name)
		}
	}
	return nil
}

// jsonBody is a JSON body as it goes to the handler.
type jsonBody struct {
	bytes   []byte
	unknown []string // paths of fields that the call doesn't know, at most maxFields
}

// readJSON checks a JSON body: it drops a byte order mark, writes whole numbers as
// integers (1.0 is 1), refuses text that can't be kept, and notes fields that the
// schema doesn't have. A body that is not JSON passes unchanged; huma reports the
// error.
func readJSON(b []byte, schema *huma.Schema, registry huma.Registry) (jsonBody, error) {
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(b) {
		return jsonBody{}, errNotUTF8
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return jsonBody{bytes: b}, nil
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return jsonBody{bytes: b}, nil
	}
	look := jsonLook{registry: registry}
	v = look.over("", v, schema)
	if look.text != "" {
		return jsonBody{}, errText.With("%s: it holds the character U+0000", look.text)
	}
	slices.Sort(look.unknown)
	out := jsonBody{bytes: b, unknown: look.unknown}
	if look.changed {
		var err error
		if out.bytes, err = json.Marshal(v); err != nil {
			return jsonBody{}, err
		}
	}
	return out, nil
}

// tenantSchema is the body of calls that take none: it may name the tenant.
var tenantSchema = &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{"tenant_id": {Type: huma.TypeString}}}

// ownChecks are the fields for which the calls themselves refuse such text, under
// their own codes.
var ownChecks = []string{"tenant_id", "filename"}

// jsonLook collects the findings about a body while it is checked.
type jsonLook struct {
	registry huma.Registry
	text     string // the path of a text that can't be kept
	unknown  []string
	changed  bool // a number was rewritten
}

// over checks a value and returns it as the handler gets it. With a nil schema
// every field counts as known.
func (l *jsonLook) over(path string, v any, schema *huma.Schema) any {
	schema = l.resolve(schema)
	switch v := v.(type) {
	case string:
		if strings.IndexByte(v, 0) >= 0 && l.text == "" && !slices.ContainsFunc(ownChecks, func(name string) bool { return strings.HasSuffix(path, "."+name) }) {
			l.text = "body" + path
		}
	case json.Number:
		if whole, ok := wholeNumber(v.String()); ok {
			l.changed = true
			return json.Number(whole)
		}
	case []any:
		var items *huma.Schema
		if schema != nil {
			items = schema.Items
		}
		for i := range v {
			v[i] = l.over(path+"["+strconv.Itoa(i)+"]", v[i], items)
		}
	case map[string]any:
		for name, field := range v {
			at := path + "." + name
			if strings.IndexByte(name, 0) >= 0 && l.text == "" {
				l.text = "the name of a field of body" + path
			}
			var inner *huma.Schema
			if schema != nil && schema.Type == huma.TypeObject && schema.Properties != nil {
				if inner = schema.Properties[name]; inner == nil && len(l.unknown) < maxFields {
					l.unknown = append(l.unknown, shortened(strings.TrimPrefix(at, ".")))
				}
			}
			v[name] = l.over(at, field, inner)
		}
	}
	return v
}

func (l *jsonLook) resolve(s *huma.Schema) *huma.Schema {
	if s != nil && s.Ref != "" {
		return l.registry.SchemaFromRef(s.Ref)
	}
	return s
}

// maxNumber bounds the text of a number that is rewritten.
const maxNumber = 40

// wholeNumber writes a whole number that has a fraction or an exponent (1.0, 1e2)
// as an integer.
func wholeNumber(s string) (string, bool) {
	if len(s) > maxNumber || !strings.ContainsAny(s, ".eE") {
		return "", false
	}
	if _, exp, ok := strings.Cut(strings.ToLower(s), "e"); ok {
		if n, err := strconv.Atoi(exp); err != nil || n < -maxNumber || n > maxNumber {
			return "", false
		}
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok || !r.IsInt() {
		return "", false
	}
	return r.Num().String(), true
}
