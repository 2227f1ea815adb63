package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"github.com/opal-photo/opal/modules/client"
)

// Fields that a call doesn't know are ignored, as they always were, and named in the
// answer. A caller that sends "Prefer: handling=strict" (RFC 7240) has them refused.
const (
	preferHeader  = "Prefer"
	appliedHeader = "Preference-Applied"
	strictly      = "handling=strict"
)

// strict refuses fields that the call doesn't know, when the caller asks for
// that.
func strict(c echo.Context, rt *route, query url.Values, unknown []string) error {
	r := c.Request()
	if !slices.ContainsFunc(r.Header.Values(preferHeader), asksStrict) {
		return nil
	}
	c.Response().Header().Set(appliedHeader, strictly)
	p := newProblem(r.Context(), http.StatusUnprocessableEntity, "unknown_fields", "The request has fields that this call doesn't know")
	for _, name := range unknown {
		p.Errors = append(p.Errors, client.ProblemField{Location: "body." + name, Message: "is not known"})
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if !slices.Contains(rt.query, name) && len(p.Errors) < maxFields {
			p.Errors = append(p.Errors, client.ProblemField{Location: "query." + shortened(name), Message: "is not known"})
		}
	}
	if len(p.Errors) == 0 {
		return nil
	}
	p.Detail += ": " + p.Errors[0].Location
	return p
}

func asksStrict(prefer string) bool {
	for one := range strings.SplitSeq(prefer, ",") {
		name, _, _ := strings.Cut(one, ";")
		if strings.EqualFold(strings.ReplaceAll(strings.ReplaceAll(name, " ", ""), `"`, ""), strictly) {
			return true
		}
	}
	return false
}

// told is an answer with the names of the request's unknown fields.
type told struct {
	answer  any
	unknown []string
}

// MarshalJSON writes the answer, an object, with one more field.
func (t told) MarshalJSON() ([]byte, error) {
	b, err := json.Marshal(t.answer)
	if err != nil {
		return nil, err
	}
	names, err := json.Marshal(t.unknown)
	if err != nil {
		return nil, err
	}
	inner, ok := strings.CutSuffix(strings.TrimSpace(string(b)), "}")
	if !ok {
		return nil, fmt.Errorf("an answer that is not an object: %.20s", b)
	}
	if inner != "{" {
		inner += ","
	}
	return []byte(inner + `"unknown_fields":` + string(names) + "}"), nil
}

// tell adds the unknown fields to an answer of a call.
func tell(hc huma.Context, v any) any {
	unknown := callOf(hc.Context()).unknown
	if len(unknown) == 0 {
		return v
	}
	switch v.(type) {
	case []byte, *Problem, nil:
		return v
	}
	return told{v, unknown}
}
