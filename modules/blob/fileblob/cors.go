package fileblob

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

// The rights of pages of allowed origins on signed URLs: the same as with a storage
// account, see deploy/modules/storage.bicep.
const (
	corsMethods = "GET, HEAD, PUT"
	corsHeaders = "content-type, x-ms-blob-type"
	corsExposed = "etag, x-ms-error-code"
	corsAge     = time.Hour
)

// preflight tells browsers what a page of another origin may do, and answers the
// OPTIONS request that they send before a PUT. It reports whether it has
// answered the request.
func (s *Store) preflight(w http.ResponseWriter, r *http.Request) (answered bool) {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return false
	}
	h := w.Header()
	h.Add("Vary", "Origin")
	asks := r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
	if !slices.Contains(s.origins, origin) && !slices.Contains(s.origins, "*") {
		if asks {
			problem(w, r, errOrigin)
		}
		return asks
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", corsExposed)
	if !asks {
		return false
	}
	h.Set("Access-Control-Allow-Methods", corsMethods)
	h.Set("Access-Control-Allow-Headers", corsHeaders)
	h.Set("Access-Control-Max-Age", strconv.Itoa(int(corsAge.Seconds())))
	w.WriteHeader(http.StatusNoContent)
	return true
}
