package egress

import (
	"bytes"
	"context"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/textproto"
)

// Part is one part of a multipart form: a field, or a file when Filename is set.
type Part struct {
	Name, Filename, ContentType string
	Data                        []byte
}

// Field returns a part that is a plain field.
func Field(name, value string) Part { return Part{Name: name, Data: []byte(value)} }

// Form is an encoded multipart form (RFC 7578). It can be sent several times.
type Form struct {
	body []byte
	kind string
}

// NewForm encodes the parts. Names and types are the program's own, never from
// outside.
func NewForm(parts ...Part) (*Form, error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range parts {
		h := textproto.MIMEHeader{}
		disposition := fmt.Sprintf(`form-data; name="%s"`, p.Name)
		if p.Filename != "" {
			disposition += fmt.Sprintf(`; filename="%s"`, p.Filename)
			h.Set("Content-Type", p.ContentType)
		}
		h.Set("Content-Disposition", disposition)
		part, err := w.CreatePart(h)
		if err != nil {
			return nil, fmt.Errorf("encode the form: %w", err)
		}
		if _, err := part.Write(p.Data); err != nil {
			return nil, fmt.Errorf("encode the form: %w", err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("encode the form: %w", err)
	}
	return &Form{body: b.Bytes(), kind: w.FormDataContentType()}, nil
}

// Post makes a request that sends the form.
func (f *Form) Post(ctx context.Context, to string) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(f.body))
	if err != nil {
		return nil, fmt.Errorf("make the request: %w", err)
	}
	r.Header.Set("Content-Type", f.kind)
	return r, nil
}
