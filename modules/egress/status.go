package egress

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/opal-photo/opal/modules/fault"
)

const (
	// modelStatusHeader holds the status that the model's own server gave when
	// a managed endpoint answers 424.
	modelStatusHeader = "ms-azureml-model-error-statuscode"
	// maxProblem bounds what is read of an error's body.
	maxProblem = 8 << 10
	// maxCode bounds the code taken from it.
	maxCode = 64
)

// statusError turns a response that is not a 200 into one of the faults.
func (c *Client) statusError(res *http.Response) error {
	f := c.o.Faults
	status := res.StatusCode
	where := "status " + strconv.Itoa(status)
	if status == http.StatusFailedDependency {
		if n, err := strconv.Atoi(res.Header.Get(modelStatusHeader)); err == nil && n >= 400 && n <= 599 {
			status = n
			where = fmt.Sprintf("status 424, the model's own %d", n)
		} else {
			status = http.StatusBadGateway // the model failed and did not say how
		}
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxProblem))
	if code := c.o.Code(body); err == nil && Plain(code) {
		where += ", " + code
	}
	after := RetryAfter(res.Header)
	switch {
	case status == http.StatusTooManyRequests:
		return fault.Transient(f.Busy.With("%s", where), after)
	case gateways(res.StatusCode):
		return &silence{fault.Transient(f.Unavailable.With("%s", where), after)}
	case status == http.StatusRequestTimeout || status >= 500:
		return fault.Transient(f.Unavailable.With("%s", where), after)
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return f.Unauthorized.With("%s", where)
	case status == http.StatusPaymentRequired:
		return f.Unpaid.With("%s", where)
	case status >= 300 && status < 400:
		return f.Rejected.With("%s: the address redirects elsewhere; set the final one", where)
	}
	return f.Rejected.With("%s", where)
}

// problemCode reads the stable code out of an application/problem+json body. No
// free text is taken: it may quote signed URLs.
func problemCode(body []byte) string {
	var p struct {
		Code string `json:"code"`
	}
	if json.Unmarshal(body, &p) != nil {
		return ""
	}
	return p.Code
}

// Plain reports whether code is a stable code and not free text.
func Plain(code string) bool {
	for _, r := range code {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' {
			return false
		}
	}
	return code != "" && len(code) <= maxCode
}
