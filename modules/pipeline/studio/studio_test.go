package studio_test

import (
	"testing"

	"github.com/opal-photo/opal/modules/imaging/imagingtest"
	"github.com/opal-photo/opal/modules/pipeline/cuttertest"
	"github.com/opal-photo/opal/modules/pipeline/studio"
)

func TestMain(m *testing.M) { imagingtest.Main(m) }

func TestCutterSuite(t *testing.T) { cuttertest.Run(t, studio.Cutter{}) }
