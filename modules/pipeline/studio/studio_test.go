package studio_test

import (
	"testing"

	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/imaging/imagingtest"
	"github.com/opal-photo/opal/modules/pipeline/cuttertest"
	"github.com/opal-photo/opal/modules/pipeline/placertest"
	"github.com/opal-photo/opal/modules/pipeline/studio"
)

func TestMain(m *testing.M) { imagingtest.Main(m) }

func TestCutterSuite(t *testing.T) { cuttertest.Run(t, studio.Cutter{}) }

func TestOwnCutterSuite(t *testing.T) {
	c, err := studio.NewOwnCutter()
	if err != nil {
		t.Fatal(err)
	}
	cuttertest.Run(t, c)
}

func TestPlacerSuite(t *testing.T) {
	d := imaging.NewDecoder(imaging.DecoderOptions{})
	defer d.Close()
	placertest.Run(t, placertest.Engine{Placer: studio.NewPlacer(4), Store: placertest.NewStore(t), Decoder: d})
}
