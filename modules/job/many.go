package job

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/opal-photo/opal/modules/db"
)

// mostAtOnce bounds the rows of a statement.
const mostAtOnce = 64

// insertMany inserts n rows, many by a statement, since each statement is a trip to the
// database: into is "INSERT INTO table (columns)", row returns the values of one. Statements
// have 64, 32, 16 ... rows, so that few different ones are prepared.
func insertMany(ctx context.Context, tx *db.Tx, into string, n int, row func(i int) ([]any, error)) error {
	for first := 0; first < n; {
		count := mostAtOnce
		for count > n-first {
			count /= 2
		}
		var args []any
		var text strings.Builder
		text.WriteString(into + " VALUES ")
		for i := first; i < first+count; i++ {
			values, err := row(i)
			if err != nil {
				return err
			}
			if i > first {
				text.WriteByte(',')
			}
			for c := range values {
				text.WriteString([]string{"($", ", $"}[min(c, 1)] + strconv.Itoa(len(args)+c+1))
			}
			text.WriteByte(')')
			args = append(args, values...)
		}
		if _, err := tx.ExecContext(ctx, text.String(), args...); err != nil {
			return fmt.Errorf("insert rows %d to %d: %w", first, first+count-1, err)
		}
		first += count
	}
	return nil
}
