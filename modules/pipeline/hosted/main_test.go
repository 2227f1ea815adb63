package hosted_test

import (
	"testing"

	"github.com/opal-photo/opal/modules/imaging/imagingtest"
)

func TestMain(m *testing.M) { imagingtest.Main(m) }
