// Package paging has what every list does alike: the size of a page, the cursor of the next
// one, and a text as LIKE takes it.
package paging

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Most bounds a page, in rows.
const Most = 200

// usual is the size of a page when the caller asks for none, in rows.
const usual = 50

// Size returns how many rows a page has when a caller asks for so many.
func Size(asked int) int {
	if asked <= 0 {
		return usual
	}
	return min(asked, Most)
}

// base is the base of a cursor's time.
const base = 36

var moment = regexp.MustCompile(`^[0-9a-z]{1,13}$`)

// Cursor returns the cursor of the page after a row.
func Cursor(created time.Time, id string) string {
	return strconv.FormatInt(created.UnixMilli(), base) + "." + id
}

// After splits a cursor into the time, in Unix milliseconds, and the id of the last row
// that was shown; "" is a place before all rows. It is not ok when Cursor returned no such
// text for an id of that form.
func After(cursor string, form *regexp.Regexp) (created int64, id string, ok bool) {
	if cursor == "" {
		return math.MaxInt64, "", true
	}
	at, id, found := strings.Cut(cursor, ".")
	created, err := strconv.ParseInt(at, base, 64)
	if !found || err != nil || !moment.MatchString(at) || !form.MatchString(id) {
		return 0, "", false
	}
	return created, id, true
}

var signs = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// Like keeps the signs of LIKE from meaning more than themselves: ... LIKE ... ESCAPE '\'.
func Like(text string) string { return signs.Replace(text) }
