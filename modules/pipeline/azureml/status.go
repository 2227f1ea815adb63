package azureml

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
	maxHeader         = 64 << 10
	// maxProblem bounds what is read of an error's body.
	maxProblem = 8 << 10
	// maxCode bounds the code taken from it.
	maxCode = 64
)

// statusError turns a response that is not a 200 into an error of this package.
func statusError(res *http.Response) error {
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
	if code := problemCode(res.Body); code != "" {
		where += ", " + code
	}
	after := retryAfter(res.Header)
	switch {
	case status == http.StatusTooManyRequests:
		return fault.Transient(ErrBusy.With("%s", where), after)
	case status == http.StatusRequestTimeout || status >= 500:
		return fault.Transient(ErrUnavailable.With("%s", where), after)
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return ErrUnauthorized.With("%s", where)
	case status >= 300 && status < 400:
		return ErrRejected.With("%s: the endpoint redirects elsewhere; set AML_ENDPOINT_URL to the final address", where)
	}
	return ErrRejected.With("%s", where)
}

// problemCode reads the stable code out of an application/problem+json body. No
// free text is taken: it may quote signed URLs.
func problemCode(body io.Reader) string {
	var p struct {
		Code string `json:"code"`
	}
	data, err := io.ReadAll(io.LimitReader(body, maxProblem))
	if err != nil || json.Unmarshal(data, &p) != nil || len(p.Code) > maxCode {
		return ""
	}
	for _, r := range p.Code {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' {
			return ""
		}
	}
	return p.Code
}
