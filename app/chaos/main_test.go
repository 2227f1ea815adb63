package chaos_test

import (
	"testing"

	"github.com/opal-photo/opal/app/apptest"
)

func TestMain(m *testing.M) { apptest.Main(m) }
