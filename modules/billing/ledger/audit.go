package ledger

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/opal-photo/opal/modules/db"
)

// Difference is one violation of an audit rule.
type Difference struct {
	Check   string `json:"check"`   // which rule
	Subject string `json:"subject"` // tenant, item, payment or posting
	Detail  string `json:"detail"`  // the found and the expected value
}

func (d Difference) String() string { return d.Check + ": " + d.Subject + ": " + d.Detail }

// maxDifferences bounds those of one rule that are listed.
const maxDifferences = 1000

// ruleFiles are the audit's rules, a file each: its name, its text, and a query
// that returns, for each violation, the subject and two values for the text.
// Everything is recomputed: balances from transfers, transfers from charges and
// payments, charges from items. Items older than the first metered one need no
// charge, nor do those that were taken over from v0.2.1, which had charged for
// them.
//
//go:embed audit/*.sql
var ruleFiles embed.FS

type rule struct{ name, words, query string }

// noticePatience is how long after its due time a notice may wait.
const noticePatience = time.Hour

var rules = sync.OnceValues(func() ([]rule, error) {
	files, err := fs.Glob(ruleFiles, "audit/*.sql") // in order of name
	if err != nil {
		return nil, err
	}
	out := make([]rule, 0, len(files))
	for _, f := range files {
		b, err := ruleFiles.ReadFile(f)
		if err != nil {
			return nil, err
		}
		lines := strings.SplitN(string(b), "\n", 3)
		if len(lines) != 3 {
			return nil, fmt.Errorf("%s: a rule has a name, words and a query", f)
		}
		name, named := strings.CutPrefix(lines[0], "-- rule: ")
		words, worded := strings.CutPrefix(lines[1], "-- says: ")
		if !named || !worded {
			return nil, fmt.Errorf("%s: it begins with \"-- rule: NAME\" and \"-- says: WORDS\"", f)
		}
		out = append(out, rule{name, words, lines[2]})
	}
	return out, nil
})

// Rules returns the names of the audit's rules, in the order in which Audit
// checks them.
func Rules() ([]string, error) {
	all, err := rules()
	names := make([]string, len(all))
	for i, r := range all {
		names[i] = r.name
	}
	return names, err
}

// Audit recomputes the books and returns the differences, an empty list when
// there are none. openAge is how long the provider is polled for a payment that
// was not paid. The transaction should show one state to all its reads.
func Audit(ctx context.Context, q db.Querier, openAge time.Duration) ([]Difference, error) {
	all, err := rules()
	if err != nil {
		return nil, err
	}
	values := strings.NewReplacer("{open_age}", millis(openAge), "{patience}", millis(noticePatience))
	var out []Difference
	for _, r := range all {
		found, err := r.check(ctx, q, values.Replace(r.query))
		if err != nil {
			return nil, fmt.Errorf("audit %s: %w", r.name, err)
		}
		out = append(out, found...)
	}
	return out, nil
}

func (r rule) check(ctx context.Context, q db.Querier, query string) (out []Difference, err error) {
	rows, err := q.QueryContext(ctx, `SELECT * FROM (`+query+`) v LIMIT $1`, maxDifferences)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var subject string
		var is, due any
		if err := rows.Scan(&subject, &is, &due); err != nil {
			return nil, err
		}
		out = append(out, Difference{Check: r.name, Subject: subject, Detail: fmt.Sprintf(r.words, text(is), text(due))})
	}
	return out, rows.Err()
}

// millis writes a duration into SQL.
func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// text returns a driver's bytes as a string, and other values as they are.
func text(v any) any {
	if b, ok := v.([]byte); ok {
		return string(b)
	}
	return v
}
