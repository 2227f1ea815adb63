package azureml

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/score"
)

// Which of the stored pictures the pipeline goes on with, and whether it looks for
// the product in it.
func TestPlacedReadsTheLayers(t *testing.T) {
	box := []float64{1, 2, 3, 4}
	for _, c := range []struct {
		name   string
		layers *score.Layers
		want   picture.Placed
	}{
		{"no layers", nil, picture.Placed{BackdropPath: "picture", ContainsProduct: true}},
		{"a backdrop without the product", &score.Layers{Backdrop: true, Shadow: true}, picture.Placed{BackdropPath: "backdrop", ShadowPath: "shadow"}},
		{"the scene as a model painted it", &score.Layers{Backdrop: true, Product: true}, picture.Placed{BackdropPath: "backdrop", ContainsProduct: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.want.Box = picture.Box{1, 2, 3, 4}
			got := placed(score.Meta{ProductBox: box, Layers: c.layers}, [3]string{"picture", "backdrop", "shadow"})
			if diff := cmp.Diff(&c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
