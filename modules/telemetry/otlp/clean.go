package otlp

import (
	"net/url"
	"slices"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/trace"
)

// clean is a span without what may be a secret, whichever library put it there.
type clean struct{ trace.ReadOnlySpan }

// Attributes returns the span's attributes. Of a URL the origin is left: signed URLs are
// secrets, and so may be the paths of customers' own. A path that any caller chooses is
// bounded.
func (c clean) Attributes() []attribute.KeyValue {
	all := slices.Clone(c.ReadOnlySpan.Attributes())
	for i, a := range all {
		switch a.Key {
		case "url.full", "http.url":
			all[i].Value = attribute.StringValue(origin(a.Value.AsString()))
		case "url.query":
			all[i].Value = attribute.StringValue("")
		case "url.path":
			path := a.Value.AsString()
			all[i].Value = attribute.StringValue(strings.ToValidUTF8(path[:min(len(path), maxPath)], ""))
		}
	}
	return all
}

// maxPath bounds the part of a path that is kept, in bytes.
const maxPath = 200

// origin returns a URL's scheme, host and port.
func origin(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// cleaned returns the spans without what may be a secret.
func cleaned(spans []trace.ReadOnlySpan) []trace.ReadOnlySpan {
	out := make([]trace.ReadOnlySpan, len(spans))
	for i, s := range spans {
		out[i] = clean{s}
	}
	return out
}
