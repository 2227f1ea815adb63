package job

import (
	"database/sql"
	"encoding/json"

	"github.com/opal-photo/opal/modules/picture"
)

// concernsText is how an item's row keeps what a person should look at; NULL when
// there is nothing.
func concernsText(concerns []picture.Concern) sql.NullString {
	if len(concerns) == 0 {
		return sql.NullString{}
	}
	b, err := json.Marshal(concerns)
	return sql.NullString{String: string(b), Valid: err == nil}
}
