package preflight_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/opal-photo/opal/modules/db/dbtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, dbtest.IgnoreServer()...) }
